package io.balsa.raft;

/**
 * A vote that was asked for, as one server sees it: as the voter that decided, or as the candidate that asked and was
 * answered. For those who explain elections; the algorithm does not read it.
 *
 * @param term that the candidate stands for
 * @param preVote only whether the voter would vote so (thesis §9.6)
 */
public record Vote(long term, NodeId candidate, NodeId voter, boolean preVote, Verdict verdict) {
    /** What became of it. Only the voter knows the reason of its refusal. */
    public enum Verdict {
        ASKED("has not answered"),
        GRANTED("voted for it"),
        REFUSED("refused"),
        LEADER_ALIVE("refused, since it heard from a live leader"),
        VOTED_ALREADY("refused, since it had voted for another server"),
        LOG_BEHIND("refused, since its own log is further"),
        OLD_TERM("refused, since it has seen that term or a later one");

        private final String sentence;

        Verdict(String sentence) {
            this.sentence = sentence;
        }

        @Override
        public String toString() {
            return sentence;
        }
    }
}
