package io.balsa.client;

/** Makes text from elsewhere fit for one line of a message. */
final class OneLine {
    private static final int CHARS_MAX = 200;

    private OneLine() {}

    /** At most {@value #CHARS_MAX} characters, with control characters replaced. */
    static String of(String text) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < Math.min(text.length(), CHARS_MAX); i++) {
            char c = text.charAt(i);
            line.append(Character.isISOControl(c) || c == '\u2028' || c == '\u2029' ? '\uFFFD' : c);
        }
        return text.length() > CHARS_MAX ? line.append('…').toString() : line.toString();
    }
}
