package io.balsa.benchmarks.cluster;

/** How quickly members are to suspect each other. */
public enum Tuning {
    /** As the system comes. */
    DEFAULT,
    /** The tightest timeouts that stayed stable here, with two cores and a load. */
    TIGHT
}
