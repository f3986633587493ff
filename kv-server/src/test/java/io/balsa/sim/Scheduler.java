package io.balsa.sim;

import java.util.PriorityQueue;

/** Virtual time: runs what is due in the order of time, and of scheduling where times are equal. */
final class Scheduler {
    private record Event(long atMicros, long sequence, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return atMicros != other.atMicros
                    ? Long.compare(atMicros, other.atMicros)
                    : Long.compare(sequence, other.sequence);
        }
    }

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long nowMicros;
    private long sequence;

    long nowMicros() {
        return nowMicros;
    }

    /** How many events were scheduled so far. */
    long scheduled() {
        return sequence;
    }

    int pending() {
        return events.size();
    }

    void at(long micros, Runnable action) {
        events.add(new Event(Math.max(micros, nowMicros), sequence++, action));
    }

    void in(long delayMicros, Runnable action) {
        at(nowMicros + delayMicros, action);
    }

    /** Runs everything up to {@code untilMicros}, and stays there. */
    void runUntil(long untilMicros) {
        while (!events.isEmpty() && events.peek().atMicros() <= untilMicros) {
            Event event = events.remove();
            nowMicros = event.atMicros();
            event.action().run();
        }
        nowMicros = untilMicros;
    }
}
