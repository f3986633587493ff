package io.balsa.sim;

import static io.balsa.sim.SimulationFailure.unless;

import java.util.ArrayList;
import java.util.List;

/** Holds a server's processes to their word: every request is answered once. */
final class Answers {
    /** One request that a process has taken. */
    static final class Expected {
        private final SimulatedServer server;
        private final SimulatedServer.Life life;
        private final String request;
        private boolean given;

        private Expected(SimulatedServer server, SimulatedServer.Life life, String request) {
            this.server = server;
            this.life = life;
            this.request = request;
        }

        void given() {
            unless(!given, "AnsweredOnce", "%s answers %s twice", server.id, request);
            unless(server.life() == life, "AnsweredOnce", "%s answers %s from the grave", server.id, request);
            given = true;
        }
    }

    private final List<Expected> expected = new ArrayList<>();

    Expected expect(SimulatedServer server, SimulatedServer.Life life, String request) {
        Expected answer = new Expected(server, life, request);
        expected.add(answer);
        return answer;
    }

    /** Every request to a process that still lives has been answered. */
    void checkAllGiven() {
        for (Expected answer : expected) {
            unless(
                    answer.given || answer.server.life() != answer.life,
                    "AnsweredOnce",
                    "%s never answers %s",
                    answer.server.id,
                    answer.request);
        }
    }
}
