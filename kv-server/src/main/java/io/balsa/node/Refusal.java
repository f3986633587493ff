package io.balsa.node;

/** Why a request was refused. None of these has been, or will be, applied. */
public enum Refusal {
    /** Another server leads; ask that one. */
    NOT_LEADER,
    /** No leader is known at the moment. */
    NO_LEADER,
    /** The leader is handing over; try again in a moment. */
    TRANSFERRING,
    /** Too many requests, or too many bytes, are waiting for their commit. */
    BUSY,
    /** A disk of the cluster has no room for what would make the state grow; deletes are taken. */
    SPACE_QUOTA,
    /** A read waited too long for a majority or for the state to catch up. */
    TIMEOUT,
    /** This server is shutting down. */
    STOPPING
}
