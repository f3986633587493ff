package io.balsa.transport;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;

/**
 * A log that repeats itself at most {@value #LINES_PER_WINDOW} times in {@value #WINDOW_SECONDS} seconds and says how many
 * lines it left out: a peer that is down fails once a second, and a stranger may fail a thousand times. Owned by the event
 * loop.
 */
final class QuietLog {
    static final int LINES_PER_WINDOW = 5;
    static final int WINDOW_SECONDS = 30;

    private static final int TOPICS_MAX = 256;

    private final Logger log;
    private final Map<String, Window> windows = new LinkedHashMap<>();

    QuietLog(Logger log) {
        this.log = log;
    }

    void info(String topic, String line) {
        long leftOut = admit(topic, System.nanoTime());
        if (leftOut >= 0) {
            log.info("{}{}", line, suffix(leftOut));
        }
    }

    void warn(String topic, String line) {
        long leftOut = admit(topic, System.nanoTime());
        if (leftOut >= 0) {
            log.warn("{}{}", line, suffix(leftOut));
        }
    }

    /** How many lines of this topic were left out before this one, or -1 when this one is left out too. */
    long admit(String topic, long nowNanos) {
        if (windows.size() >= TOPICS_MAX && !windows.containsKey(topic)) {
            windows.remove(windows.keySet().iterator().next());
        }
        Window window = windows.computeIfAbsent(topic, newTopic -> new Window(nowNanos));
        if (nowNanos - window.startNanos >= TimeUnit.SECONDS.toNanos(WINDOW_SECONDS)) {
            window.startNanos = nowNanos;
            window.lines = 0;
        }
        if (window.lines >= LINES_PER_WINDOW) {
            window.leftOut++;
            return -1;
        }
        window.lines++;
        long leftOut = window.leftOut;
        window.leftOut = 0;
        return leftOut;
    }

    int topics() {
        return windows.size();
    }

    private static String suffix(long leftOut) {
        return leftOut == 0 ? "" : " (" + leftOut + " lines like this were left out before)";
    }

    private static final class Window {
        private long startNanos;
        private int lines;
        private long leftOut;

        Window(long startNanos) {
            this.startNanos = startNanos;
        }
    }
}
