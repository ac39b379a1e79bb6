package capture;

import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.DebeziumEngine.ChangeConsumer;
import io.debezium.engine.DebeziumEngine.RecordCommitter;
import io.debezium.engine.format.CloudEvents;
import io.debezium.engine.format.Json;
import io.debezium.engine.format.KeyValueHeaderChangeEventFormat;
import java.io.FileReader;
import java.io.Reader;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Debezium's engine with a file or a broker for a sink. The argument is a file of properties: the engine's
 * own, and `capture.output` (a file, which gets an event a line), `capture.entry` (true: topic, key, value and
 * headers of an event in its line; else only its value), or `capture.kafka` (brokers), and `capture.format`
 * (json, cloudevents).
 *
 * It ends when its standard input does, so that it never outlives the test that started it.
 */
public final class Capture {
    private static final int FAILED = 1;
    /** A stop that the server holds up for longer is given up. */
    private static final long STOP_SECONDS = 10;

    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        try (Reader reader = new FileReader(arguments[0])) {
            properties.load(reader);
        }
        AtomicBoolean stopping = new AtomicBoolean();
        try (Output output = Output.of(properties);
                DebeziumEngine<ChangeEvent<String, String>> engine = engine(properties, output, stopping)) {
            ExecutorService executor = Executors.newSingleThreadExecutor();
            executor.execute(engine);
            executor.shutdown();
            while (System.in.read() >= 0) {
                // Nothing is said to it but the end.
            }
            stopping.set(true);
            endInTime();
            engine.close();
            executor.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
        } catch (IllegalStateException alreadyClosed) {
            // The engine is closed twice, which it does not like.
        }
        System.exit(0);
    }

    private static DebeziumEngine<ChangeEvent<String, String>> engine(
            Properties properties, Output output, AtomicBoolean stopping) {
        return DebeziumEngine.create(
                        KeyValueHeaderChangeEventFormat.of(Json.class, valueFormat(properties), Json.class))
                .using(properties)
                .using((success, message, error) -> {
                    if (stopping.get()) return;
                    System.err.println(message + (error == null ? "" : ": " + error));
                    Runtime.getRuntime().halt(FAILED);
                })
                .notifying(new ChangeConsumer<ChangeEvent<String, String>>() {
                    @Override
                    public void handleBatch(
                            List<ChangeEvent<String, String>> events,
                            RecordCommitter<ChangeEvent<String, String>> committer)
                            throws InterruptedException {
                        output.write(events);
                        for (ChangeEvent<String, String> event : events) committer.markProcessed(event);
                        committer.markBatchFinished();
                    }
                })
                .build();
    }

    @SuppressWarnings("unchecked")
    private static Class<Json> valueFormat(Properties properties) {
        // Both are text; the engine asks for the class only to choose a converter.
        return "cloudevents".equals(properties.getProperty("capture.format"))
                ? (Class<Json>) (Class<?>) CloudEvents.class
                : Json.class;
    }

    private static void endInTime() {
        Thread watch = new Thread(() -> {
            try {
                TimeUnit.SECONDS.sleep(STOP_SECONDS);
            } catch (InterruptedException ended) {
                return;
            }
            Runtime.getRuntime().halt(FAILED);
        });
        watch.setDaemon(true);
        watch.start();
    }
}
