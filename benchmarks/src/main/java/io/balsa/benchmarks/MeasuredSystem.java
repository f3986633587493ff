package io.balsa.benchmarks;

import io.balsa.benchmarks.cluster.ServerKind;
import io.balsa.benchmarks.driver.DriverKind;
import org.jspecify.annotations.Nullable;

/**
 * Servers, and one way to speak to them.
 *
 * @param name as on the command line and in every table
 * @param tool a load generator of another make that takes the driver's place; null: the one of this harness
 */
record MeasuredSystem(
        String name,
        ServerKind servers,
        DriverKind driver,
        @Nullable Tool tool) {
    /** Load generators written in C, for raw puts at the leader. */
    enum Tool {
        WRK("wrk", "wrk"),
        /** wrk with few connections and many requests under way on each. */
        WRK_PIPELINED("wrk", "wrk"),
        H2LOAD("h2load", "nghttp2-client");

        final String command;
        final String debianPackage;

        Tool(String command, String debianPackage) {
            this.command = command;
            this.debianPackage = debianPackage;
        }
    }
}
