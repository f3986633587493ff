package io.balsa.node;

/** Why the outcome of a write is not known: it was appended, and may still be applied. */
public enum Uncertainty {
    /** No majority acknowledged it in time. */
    COMMIT_TIMEOUT,
    /** This server lost leadership before it learnt the outcome. */
    LEADER_CHANGED,
    /** This server shut down before it learnt the outcome. */
    STOPPED
}
