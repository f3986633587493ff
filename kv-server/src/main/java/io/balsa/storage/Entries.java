package io.balsa.storage;

/** Steps over keys and values in one direction. A value may be {@link MemTable#REMOVED}. */
interface Entries {
    /** Steps to the next one; false after the last. At first it stands before the first one. */
    boolean next();

    byte[] key();

    byte[] value();
}
