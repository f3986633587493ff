package io.balsa.cli;

import io.balsa.client.BalsaClient;
import io.balsa.client.KeyValue;
import io.balsa.client.ListQuery;
import io.balsa.client.Page;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code balsa list}. */
@Command(
        name = "list",
        mixinStandardHelpOptions = true,
        description = "List keys in their order. With --output json, one document a line.",
        footerHeading = "%nExample:%n",
        footer = {"  balsa list --prefix config/", "  balsa list --prefix config/ --keys-only --limit 10"})
final class ListCommand implements Callable<Integer> {
    private static final int PAGE_SIZE = 500;

    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private final ClientOptions options = new ClientOptions();

    @Option(names = "--prefix", paramLabel = "PREFIX", description = "Only keys that begin with this.")
    private String prefix = "";

    @Option(names = "--limit", paramLabel = "N", description = "At most so many. Default: all")
    private long limit = Long.MAX_VALUE;

    @Option(names = "--keys-only", description = "Without values: one key a line.")
    private boolean keysOnly;

    @Option(names = "--reverse", description = "From the last key to the first.")
    private boolean reverse;

    @Override
    public Integer call() throws IOException {
        if (limit < 1) {
            throw new IllegalArgumentException("--limit is at least 1");
        }
        CommandLine line = Objects.requireNonNull(spec).commandLine();
        ListQuery query = ListQuery.prefix(prefix).withPageSize((int) Math.min(limit, PAGE_SIZE));
        query = keysOnly ? query.withoutValues() : query;
        query = reverse ? query.reversed() : query;
        long left = limit;
        try (BalsaClient client = options.open()) {
            Page page;
            boolean first = true;
            do {
                page = client.listPage(query);
                List<KeyValue> items = page.items();
                print(line.getOut(), items.subList(0, (int) Math.min(left, items.size())), first);
                left -= items.size();
                first = false;
                query = query.from(page.cursor());
            } while (page.more() && left > 0);
        }
        return ExitCodes.OK;
    }

    private void print(PrintWriter out, List<KeyValue> items, boolean first) throws IOException {
        if (options.json()) {
            for (KeyValue item : items) {
                Json.line(out, json -> Json.keyValue(json, item, !keysOnly));
            }
        } else if (keysOnly) {
            items.forEach(item -> out.println(Table.cell(item.key().toString(), Integer.MAX_VALUE)));
        } else {
            Table table = first ? new Table("KEY", "REVISION", "VERSION", "VALUE") : new Table();
            for (KeyValue item : items) {
                table.row(
                        item.key().toString(),
                        Long.toString(item.modRevision()),
                        Long.toString(item.version()),
                        item.valueText());
            }
            table.print(out);
        }
    }
}
