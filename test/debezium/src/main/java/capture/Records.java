package capture;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes to a broker by Kafka's own client, as lines of standard input say: words with tabs between them. Every line
 * but `record` is answered by one, `ok` or what failed. Ends with its input.
 */
public final class Records {
    private static final Base64.Decoder BASE64 = Base64.getDecoder();
    /** Until a broker, on a busy machine, leads the topics that it was asked to make. */
    private static final long MADE_NANOS = 60_000_000_000L;

    private final String broker;
    private final Map<String, KafkaProducer<byte[], byte[]>> producers = new HashMap<>();
    private final List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();

    private Records(String broker) {
        this.broker = broker;
    }

    public static void main(String[] args) throws Exception {
        Records writer = new Records(args[0]);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split("\t");
            if (words[0].equals("record")) {
                writer.add(words);
                continue;
            }
            String answer = "ok";
            try {
                writer.obey(words);
            } catch (Exception error) {
                answer = String.valueOf(error).replace('\n', ' ');
            }
            System.out.println(answer);
            System.out.flush();
        }
        System.exit(0);
    }

    /** record TOPIC PARTITION KEY VALUE, the last two in Base64; "-" stands for null. */
    private void add(String[] words) {
        records.add(new ProducerRecord<>(words[1], Integer.valueOf(words[2]), bytes(words[3]), bytes(words[4])));
    }

    private static byte[] bytes(String word) {
        return word.equals("-") ? null : BASE64.decode(word);
    }

    private void obey(String[] words) throws Exception {
        switch (words[0]) {
            // topics PARTITIONS NAME…
            case "topics" -> createTopics(Integer.parseInt(words[1]), Arrays.asList(words).subList(2, words.length));
            // allow USER OPERATION TOPIC: then nobody else has a right to it, and this user no other one
            case "allow" -> allow(words[1], words[2], words[3]);
            // send COMPRESSION: the records that were told, which must be written when it is answered
            case "send" -> send(producer(words[1], null));
            // commit|abort COMPRESSION TRANSACTIONAL-ID: the same, in a transaction
            case "commit", "abort" -> inTransaction(producer(words[1], words[2]), words[0].equals("commit"));
            default -> throw new IllegalArgumentException(words[0]);
        }
    }

    private void createTopics(int partitions, List<String> names) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker))) {
            List<NewTopic> topics = names.stream()
                    .map(name -> new NewTopic(name, partitions, (short) 1))
                    .toList();
            admin.createTopics(topics).all().get();
            // The broker answers before it leads what it has made: a producer that came too early was seen to hang.
            Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
            for (String name : names) {
                for (int i = 0; i < partitions; i++) ends.put(new TopicPartition(name, i), OffsetSpec.latest());
            }
            long end = System.nanoTime() + MADE_NANOS;
            for (;;) {
                try {
                    admin.listOffsets(ends).all().get();
                    return;
                } catch (ExecutionException error) {
                    // It has not heard of the topics from its controller yet.
                    boolean isNew = error.getCause() instanceof UnknownTopicOrPartitionException;
                    if (!isNew || System.nanoTime() > end) throw error;
                    Thread.sleep(20);
                }
            }
        }
    }

    private void allow(String user, String operation, String topic) throws Exception {
        ResourcePattern pattern = new ResourcePattern(ResourceType.TOPIC, topic, PatternType.LITERAL);
        AccessControlEntry entry = new AccessControlEntry(
                "User:" + user, "*", AclOperation.fromString(operation), AclPermissionType.ALLOW);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker))) {
            admin.createAcls(List.of(new AclBinding(pattern, entry))).all().get();
        }
    }

    private void send(KafkaProducer<byte[], byte[]> producer) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (ProducerRecord<byte[], byte[]> record : records) sent.add(producer.send(record));
        records.clear();
        producer.flush();
        for (Future<RecordMetadata> each : sent) each.get();
    }

    private void inTransaction(KafkaProducer<byte[], byte[]> producer, boolean commits) throws Exception {
        producer.beginTransaction();
        send(producer);
        if (commits) producer.commitTransaction();
        else producer.abortTransaction();
    }

    private KafkaProducer<byte[], byte[]> producer(String compression, String transactionalId) {
        return producers.computeIfAbsent(compression + "/" + transactionalId, name -> {
            Map<String, Object> settings = new HashMap<>();
            settings.put("bootstrap.servers", broker);
            settings.put("compression.type", compression);
            // Large batches; those of all partitions must fit into the producer's 32 MB.
            settings.put("linger.ms", 50);
            settings.put("batch.size", 1 << 17);
            // A broker that was away, or a topic that is new, is found again soon.
            settings.put("reconnect.backoff.max.ms", 100);
            settings.put("retry.backoff.ms", 50);
            settings.put("request.timeout.ms", 5_000);
            settings.put("delivery.timeout.ms", 60_000);
            if (transactionalId != null) settings.put("transactional.id", transactionalId);
            KafkaProducer<byte[], byte[]> producer =
                    new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
            if (transactionalId != null) producer.initTransactions();
            return producer;
        });
    }
}
