package io.balsa.node;

/** Something that happened outside: messages, a tick, a client's request. */
@FunctionalInterface
public interface Input {
    void giveTo(RaftLoop loop);
}
