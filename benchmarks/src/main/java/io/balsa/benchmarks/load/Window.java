package io.balsa.benchmarks.load;

/** Is told when the recorded part of a run begins and ends, to sample what the servers have used. */
public interface Window {
    /** For runs whose cost nobody asks for. */
    Window IGNORED = new Window() {
        @Override
        public void begins() {}

        @Override
        public void ends() {}
    };

    void begins();

    void ends();
}
