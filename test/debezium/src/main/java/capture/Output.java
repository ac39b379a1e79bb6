package capture;

import io.debezium.engine.ChangeEvent;
import java.io.IOException;
import java.util.List;
import java.util.Properties;

/** Where the events go. What `write` was given is safe from an end of this process once it returns. */
interface Output extends AutoCloseable {
    void write(List<ChangeEvent<String, String>> events) throws InterruptedException;

    @Override
    void close() throws IOException;

    static Output of(Properties properties) throws IOException {
        boolean entry = Boolean.parseBoolean(properties.getProperty("capture.entry"));
        return new Lines(properties.getProperty("capture.output"), entry);
    }
}
