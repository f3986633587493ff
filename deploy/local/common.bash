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

# Builds the executable jar; Maven's own words only when it fails.
build_jar() {
  command -v mvn >/dev/null || die $EXIT_BUILD "$JAR is missing and Maven (mvn) is not installed to build it"
  printf 'building %s (once; a minute or two)\n' "${JAR#"$ROOT"/}" >&2
  (cd "$ROOT" && mvn -B -q -DskipTests -pl kv-server -am package) >&2 || die $EXIT_BUILD "the build failed; see above"
  [[ -f $JAR ]] || die $EXIT_BUILD "the build did not make $JAR"
}

# Whether any source is newer than the jar.
jar_is_stale() {
  [[ -n $(find "$ROOT/pom.xml" "$ROOT"/kv-{client,server}/pom.xml "$ROOT"/kv-{client,server}/src/main \
    -newer "$JAR" -type f -print -quit) ]]
}
