package io.balsa.node;

/**
 * What is stored is not what was written, though the disk works: nothing in this server's store may be trusted any more. The
 * server sets the store aside, where its peers can fill a new one; else it halts.
 */
public final class DamagedStoreException extends StorageException {
    private static final long serialVersionUID = 1;

    /** @param message what is damaged, and how it showed */
    public DamagedStoreException(String message) {
        super(message);
    }

    public DamagedStoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
