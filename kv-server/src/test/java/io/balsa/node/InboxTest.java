package io.balsa.node;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class InboxTest {
    private static final long SETTLED = 7;
    private static final Input INPUT = loop -> {};
    private static final Input ACKNOWLEDGEMENT = loop -> {};

    private int wakes;
    private final Inbox inbox = new Inbox(2, 2, () -> wakes++);

    @BeforeEach
    void settle() {
        inbox.turned(SETTLED);
    }

    @Test
    void theFirstInputWakes() {
        inbox.message(INPUT);
        assertThat(wakes).isEqualTo(1);
        inbox.request(INPUT);
        inbox.report(INPUT);
        assertThat(wakes).isEqualTo(1);
        assertThat(inbox.take()).containsExactly(INPUT, INPUT, INPUT);
        inbox.turned(SETTLED);
        assertThat(wakes).isEqualTo(1);
        inbox.report(INPUT);
        assertThat(wakes).isEqualTo(2);
    }

    @Test
    void anInputThatComesDuringTheTurnWakesAfterIt() {
        inbox.request(INPUT);
        assertThat(inbox.take()).hasSize(1);
        inbox.request(INPUT);
        assertThat(wakes).isEqualTo(1);
        inbox.turned(SETTLED);
        assertThat(wakes).isEqualTo(2);
        assertThat(inbox.take()).hasSize(1);
    }

    /** A tick takes what it finds, whoever was woken. */
    @Test
    void whoFindsNothingIsWokenAgainLater() {
        inbox.request(INPUT);
        assertThat(inbox.take()).hasSize(1);
        inbox.turned(SETTLED);
        assertThat(inbox.take()).isEmpty();
        inbox.turned(SETTLED);
        inbox.request(INPUT);
        assertThat(wakes).isEqualTo(2);
    }

    @Test
    void anAcknowledgementThatIsNewsWakes() {
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED + 1);
        assertThat(wakes).isEqualTo(1);
    }

    @Test
    void anAcknowledgementOfWhatIsSettledComesWithTheNextInput() {
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED);
        assertThat(wakes).isZero();
        inbox.request(INPUT);
        assertThat(wakes).isEqualTo(1);
        assertThat(inbox.take()).containsExactly(ACKNOWLEDGEMENT, INPUT);
    }

    @Test
    void anAcknowledgementOfWhatIsSettledIsTakenByWhoeverComes() {
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED);
        assertThat(inbox.take()).containsExactly(ACKNOWLEDGEMENT);
        assertThat(wakes).isZero();
    }

    @Test
    void whatIsSettledAndWhatIsNotTogetherAreNews() {
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED);
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED + 1);
        assertThat(wakes).isEqualTo(1);
        assertThat(inbox.take()).containsExactly(ACKNOWLEDGEMENT, ACKNOWLEDGEMENT);
        inbox.turned(SETTLED);
        inbox.request(INPUT);
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED);
        assertThat(wakes).isEqualTo(2);
        assertThat(inbox.take()).containsExactly(INPUT, ACKNOWLEDGEMENT);
    }

    @Test
    void anAcknowledgementThatTurnsOutToBeNoNewsIsNoReasonForATurn() {
        inbox.turned(SETTLED - 1);
        assertThat(inbox.take()).isEmpty();
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED);
        inbox.turned(SETTLED);
        assertThat(wakes).isZero();
        inbox.message(INPUT);
        assertThat(inbox.take()).containsExactly(ACKNOWLEDGEMENT, INPUT);
    }

    @Test
    void anAcknowledgementThatTurnsOutToBeNewsWakes() {
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED);
        assertThat(wakes).isZero();
        inbox.turned(SETTLED + 1);
        assertThat(wakes).isEqualTo(1);
    }

    @Test
    void whereNothingIsSettledAllAreNews() {
        inbox.turned(-1);
        inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED);
        assertThat(wakes).isEqualTo(1);
    }

    @Test
    void acknowledgementsAreBoundedToo() {
        assertThat(inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED)).isTrue();
        assertThat(inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED)).isTrue();
        assertThat(inbox.acknowledgement(ACKNOWLEDGEMENT, SETTLED)).isFalse();
    }

    @Test
    void whatIsRefusedWakesNobody() {
        inbox.request(INPUT);
        inbox.request(INPUT);
        assertThat(inbox.request(INPUT)).isEqualTo(Refusal.BUSY);
        inbox.close();
        assertThat(inbox.request(INPUT)).isEqualTo(Refusal.STOPPING);
        assertThat(inbox.message(INPUT)).isFalse();
        inbox.report(INPUT);
        assertThat(wakes).isEqualTo(1);
        assertThat(inbox.take()).as("what came before").hasSize(2);
    }
}
