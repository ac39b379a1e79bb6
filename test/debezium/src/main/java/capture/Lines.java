package capture;

import io.debezium.engine.ChangeEvent;
import io.debezium.engine.Header;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A file that gets an event a line. */
final class Lines implements Output {
    private final RandomAccessFile file;
    private final boolean entry;

    /** `entry`: topic, key, value and headers of an event; else its value. */
    Lines(String path, boolean entry) throws IOException {
        this.file = new RandomAccessFile(path, "rw");
        this.entry = entry;
        cutTornLine();
    }

    /** In one write, and without a buffer of this process: a kill leaves all of it or nearly none. */
    @Override
    public void write(List<ChangeEvent<String, String>> events) {
        StringBuilder lines = new StringBuilder();
        for (ChangeEvent<String, String> event : events) {
            if (entry) appendEntry(lines, event);
            else lines.append(event.value());
            lines.append('\n');
        }
        try {
            file.write(lines.toString().getBytes(StandardCharsets.UTF_8));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private static void appendEntry(StringBuilder line, ChangeEvent<String, String> event) {
        line.append("{\"topic\":\"").append(event.destination());
        line.append("\",\"key\":").append(event.key());
        line.append(",\"value\":").append(event.value());
        line.append(",\"headers\":{");
        String separator = "";
        for (Header<String> header : event.<String>headers()) {
            line.append(separator).append('"').append(header.getKey()).append("\":").append(header.getValue());
            separator = ",";
        }
        line.append("}}");
    }

    /** What a kill left of a batch was not marked as processed, and comes again. */
    private void cutTornLine() throws IOException {
        long end = file.length();
        while (end > 0) {
            file.seek(end - 1);
            if (file.read() == '\n') break;
            end--;
        }
        file.setLength(end);
        file.seek(end);
    }
}
