package io.balsa.node;

import org.jspecify.annotations.Nullable;

/** Whether the cluster's disks have room for more. Thread-safe; answers at once. */
@FunctionalInterface
public interface Room {
    /** Without limits. */
    Room PLENTY = () -> null;

    /** Of any server whose disk counts; null: there is room. */
    @Nullable
    Shortage shortage();
}
