# shellcheck shell=bash
# What the scripts in this folder share. Sourced, not run.
# shellcheck disable=SC2034 # used by those that source it

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
JAR=$ROOT/kv-server/target/kv-server.jar
JAVA_MIN=17
JAVA=
JAVA_MAJOR=

# Exit codes, also in `cluster help`.
EXIT_FAILED=1
EXIT_USAGE=2
EXIT_NO_JAVA=3
EXIT_BUILD=4
EXIT_STATE=5

# die CODE MESSAGE: one line on stderr.
die() {
  local code=$1
  shift
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit "$code"
}

# Sets JAVA to JAVA_HOME's java, or the PATH's, if it is new enough.
find_java() {
  if [[ -n ${JAVA_HOME:-} ]]; then
    JAVA=$JAVA_HOME/bin/java
    [[ -x $JAVA ]] || die $EXIT_NO_JAVA "JAVA_HOME is $JAVA_HOME, but there is no bin/java in it"
  else
    JAVA=$(command -v java) || die $EXIT_NO_JAVA "no java found: install JDK $JAVA_MIN or later, or set JAVA_HOME"
  fi
  local version
  version=$("$JAVA" -version 2>&1 | awk -F'"' '/ version "/ { print $2; exit }') || version=
  JAVA_MAJOR=${version%%[.-]*}
  # Up to Java 8 the version began with "1.".
  [[ $JAVA_MAJOR =~ ^[0-9]+$ ]] || die $EXIT_NO_JAVA "cannot tell the version of $JAVA"
  ((JAVA_MAJOR >= JAVA_MIN)) || die $EXIT_NO_JAVA "$JAVA is Java $version; Balsa needs $JAVA_MIN or later"
}

# The JVM flags of a server, here and nowhere else. A small heap that grows when it must: the JVM would otherwise begin
# with all of it. A young generation in which the changes since the last checkpoint have room: where they had not, they went
# to the old one, and each second a collection of all of it stopped a busy leader for 40 ms. The second compiler, whose code is
# the best and whose work the longest, waits four times as long as by default where loops are what makes code hot: those of a start,
# of which several servers on few cores otherwise spend their first seconds in it. What is called for each request does not wait.
SERVER_JVM_OPTS=${BALSA_JAVA_OPTS:--Xms56m -Xmx256m -XX:NewSize=40m -XX:MaxNewSize=40m -XX:SurvivorRatio=2 -XX:+UseSerialGC \
-XX:Tier4MinInvocationThreshold=2400 -XX:Tier4CompileThreshold=60000 -XX:Tier4BackEdgeThreshold=160000}

# Every two seconds the memory that compilers and LMDB had for a while goes back to the system: 17.0.9 and 21 know this flag.
TRIM_NATIVE_HEAP=-XX:TrimNativeHeapInterval=2000

# Sets FLAGS to all JVM flags of a server.
server_flags() {
  read -ra FLAGS <<<"${SERVER_JVM_OPTS//$'\n'/ }"
  [[ -n ${BALSA_JAVA_OPTS:-} ]] || ! "$JAVA" "$TRIM_NATIVE_HEAP" -version &>/dev/null || FLAGS+=("$TRIM_NATIVE_HEAP")
  # From 24 on the JVM warns about what lmdbjava does; before, it does not know this flag.
  ((JAVA_MAJOR < 24)) || FLAGS+=(--sun-misc-unsafe-memory-access=allow)
  # Mapped classes start a server in half the time. A JVM that cannot use the archive goes on without it.
  [[ ! -f $(class_archive) ]] || FLAGS+=("-XX:SharedArchiveFile=$(class_archive)" -Xlog:cds=off -Xlog:cds+dynamic=off)
}

# The archive of the loaded classes of this jar, for this JVM.
class_archive() { echo "${JAR%.jar}-$("$JAVA" -version 2>&1 | cksum | cut -d' ' -f1).jsa"; }

# Whether somebody listens. Where the system has a list, it is asked: a connection could hang in a full queue, look like
# a free port then, or be the only one that a listener waits for.
port_is_used() {
  if [[ -r /proc/net/tcp ]]; then
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
      awk -v port="$(printf ':%04X' "$1")" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }'
  else
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
  fi
}

# Makes the class archive when it is missing or older than the jar.
make_class_archive() {
  local archive
  archive=$(class_archive)
  [[ ! -f $archive || $archive -ot $JAR ]] || return 0
  printf 'preparing %s (once; a few seconds)\n' "${archive#"$ROOT"/}" >&2
  rm -f "$archive"
  # It is for speed only: without it everything works. But an interruption is meant for all of this.
  (record_class_archive "$archive") || (($? <= 128)) || exit 130
}

# Starts two servers as a cluster, uses it and ends them; the first one's JVM leaves the archive of what it loaded at $1: one
# server alone would load nothing of what servers say to each other. For a shell of its own, whose end, by whatever signal,
# ends the servers.
record_class_archive() {
  pids=()
  work=$(mktemp -d)
  trap 'kill -TERM "${pids[@]}" 2>/dev/null; wait "${pids[@]}"; rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  server_flags
  local ports=() port url='' i
  while ((${#ports[@]} < 2)); do
    port=$((20000 + RANDOM % 12000))
    port_is_used $port || [[ $port == "${ports[*]}" ]] || ports+=("$port")
  done
  for i in 1 2; do
    local own=()
    ((i > 1)) || own=("-XX:ArchiveClassesAtExit=$work/archive.jsa")
    "$JAVA" "${FLAGS[@]}" "${own[@]}" -jar "$JAR" server --id n$i --data-dir "$work/n$i" --http 127.0.0.1:0 \
      --raft "127.0.0.1:${ports[i - 1]}" --peers "n1=127.0.0.1:${ports[0]},n2=127.0.0.1:${ports[1]}" --preset lan \
      </dev/null >"$work/n$i.log" 2>&1 &
    pids+=($!)
  done
  for _ in {1..600}; do
    url=$(sed -n 's/.* serves HTTP on \([0-9.:]*\),.*/http:\/\/\1/p' "$work/n1.log")
    if [[ -n $url ]] && curl -sf -o /dev/null "$url/readyz"; then
      curl -sfL -o /dev/null -X PUT --data-binary hello "$url/v1/kv/greeting" || true
      curl -sfL -o /dev/null "$url/v1/kv/greeting" -o /dev/null "$url/v1/kv?prefix=g" -o /dev/null "$url/metrics" || true
      break
    fi
    for i in "${pids[@]}"; do
      kill -0 "$i" 2>/dev/null || break 2
    done
    sleep 0.1
  done
  kill -TERM "${pids[@]}" 2>/dev/null || true
  wait "${pids[@]}" || true
  [[ ! -f $work/archive.jsa ]] || mv "$work/archive.jsa" "$1"
}

# Builds the executable jar; Maven's own words only when it fails.
build_jar() {
  command -v mvn >/dev/null || die $EXIT_BUILD "$JAR is missing and Maven (mvn) is not installed to build it"
  printf 'building %s (once; a minute or two)\n' "${JAR#"$ROOT"/}" >&2
  (cd "$ROOT" && mvn -B -q -DskipTests -pl kv-server -am package) >&2 || die $EXIT_BUILD "the build failed; see above"
  [[ -f $JAR ]] || die $EXIT_BUILD "the build did not make $JAR"
  touch "$JAR" # Maven leaves one that needs no change as it is: it would be stale each time.
}

# Whether any source is newer than the jar.
jar_is_stale() {
  [[ -n $(find "$ROOT/pom.xml" "$ROOT"/kv-{client,server}/pom.xml "$ROOT"/kv-{client,server}/src/main "$ROOT/kv-server/src/build" \
    -newer "$JAR" -type f -print -quit) ]]
}
