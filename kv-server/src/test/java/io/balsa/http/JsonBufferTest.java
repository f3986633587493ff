package io.balsa.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.Test;

class JsonBufferTest {
    private static final ObjectMapper JACKSON = new ObjectMapper();

    private final JsonBuffer json = new JsonBuffer();

    @Test
    void anyBytesComeBackAsTextExactlyWhenTheJdkSaysThatTheyAreUtf8() throws Exception {
        long seed = System.nanoTime();
        System.out.println("JsonBufferTest seed " + seed);
        Random random = new Random(seed);
        int texts = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = random.nextBoolean() ? noise(random) : text(random);
            json.clear().beginObject();
            json.valueFields(ByteBuffer.wrap(bytes).asReadOnlyBuffer());
            json.endObject();
            JsonNode node = JACKSON.readTree(json.toBuffer().getBytes());
            String value = node.path("value").asText();
            if (isUtf8(bytes)) {
                texts++;
                assertThat(node.path("encoding").asText()).isEqualTo("utf8");
                assertThat(value.getBytes(StandardCharsets.UTF_8)).isEqualTo(bytes);
            } else {
                assertThat(node.path("encoding").asText()).isEqualTo("base64");
                assertThat(Base64.getDecoder().decode(value)).isEqualTo(bytes);
            }
            assertThat(Utf8.isValid(bytes)).isEqualTo(isUtf8(bytes));
        }
        assertThat(texts).isBetween(5_000, 19_000);
    }

    /** Short, and mostly of the bytes at which sequences begin, go on and go wrong. */
    private static byte[] noise(Random random) {
        int[] telling = {
            'a', 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5
        };
        byte[] bytes = new byte[random.nextInt(6)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) telling[random.nextInt(telling.length)];
        }
        return bytes;
    }

    private static byte[] text(Random random) {
        StringBuilder text = new StringBuilder();
        int length = random.nextInt(40);
        for (int i = 0; i < length; i++) {
            int bound = new int[] {0x80, 0x800, 0xd800, 0x20}[random.nextInt(4)];
            text.appendCodePoint(random.nextInt(20) == 0 ? 0x10000 + random.nextInt(0x100000) : random.nextInt(bound));
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static boolean isUtf8(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException notText) {
            return false;
        }
    }

    @Test
    void fieldsArraysAndNumbersReadBackAsTheyWereWritten() throws Exception {
        json.beginObject();
        for (long number :
                new long[] {0, 9, 10, 99, 100, Integer.MAX_VALUE, Integer.MAX_VALUE + 1L, Long.MAX_VALUE, -1}) {
            json.field("n" + number, number);
        }
        json.beginArray("list");
        json.textElement(new byte[] {'a', '"'});
        json.textElement(new byte[] {(byte) 0xff});
        json.beginObject();
        json.field("yes", true);
        json.nullField("none");
        json.endObject();
        json.endArray();
        json.beginObject("inner");
        json.endObject();
        json.field("last", "ü");
        json.endObject();
        assertThat(JACKSON.readTree(json.toBuffer().getBytes()).toString())
                .isEqualTo("{\"n0\":0,\"n9\":9,\"n10\":10,\"n99\":99,\"n100\":100,\"n2147483647\":2147483647,"
                        + "\"n2147483648\":2147483648,\"n9223372036854775807\":9223372036854775807,\"n-1\":-1,"
                        + "\"list\":[\"a\\\"\",\"\ufffd\",{\"yes\":true,\"none\":null}],\"inner\":{},\"last\":\"ü\"}");
    }

    @Test
    void aBufferIsGoodForTheNextDocument() {
        json.beginObject();
        json.field("a", "x".repeat(200_000));
        json.endObject();
        assertThat(json.toBuffer().length()).isGreaterThan(200_000);
        json.clear();
        assertThat(json.capacityBytes()).as("kept after a large document").isLessThan(70_000);
        json.beginObject();
        json.endObject();
        assertThat(json.toBuffer().toString()).isEqualTo("{}\n");
    }

    @Test
    void aValueBeginsAtItsBuffersPosition() {
        ByteBuffer value = ByteBuffer.wrap("before|a b c|after".getBytes(StandardCharsets.UTF_8))
                .position(7)
                .limit(12);
        json.beginObject();
        json.valueFields(value);
        json.endObject();
        assertThat(json.toBuffer().toString()).isEqualTo("{\"value\":\"a b c\",\"encoding\":\"utf8\"}\n");
        assertThat(value.remaining()).isEqualTo(5);
    }

    /** Wherever the memory ends: before a quote, a comma, a digit, an escape. */
    @Test
    void aDocumentGrowsAtAnyByte() throws Exception {
        for (int length = 960; length < 1_030; length++) {
            JsonBuffer growing = new JsonBuffer();
            growing.beginObject();
            growing.field("n".repeat(length), "");
            growing.field("number", 1234567890);
            growing.field("text", "\u0001");
            growing.textField("bytes", new byte[] {'"', '\n'});
            growing.endObject();
            JsonNode read = JACKSON.readTree(growing.toBuffer().getBytes());
            assertThat(read.path("n".repeat(length)).asText("absent")).isEmpty();
            assertThat(read.path("number").asLong()).isEqualTo(1234567890);
            assertThat(read.path("text").asText()).isEqualTo("\u0001");
            assertThat(read.path("bytes").asText()).isEqualTo("\"\n");
        }
    }
}
