import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.sun.management.OperatingSystemMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.BytesDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaClientSupplier;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * The deduplicate stage in Kafka Streams, with the work of the bare clients: exactly once, a headline and a state row for
 * each new key. The state has a changelog.
 *
 * <p>{@code Deduplicate SERVERS APPLICATION SIGHTINGS HEADLINES RECORDS FOLDER STORE DECODED} reads the sightings twice in
 * one JVM, each time as a new application and from the first record: up to two million of them for the JIT, then RECORDS
 * of them against the clock. It prints the second time's figures as one line, a {@code streams.bench.stopwatch.Run}.
 * STORE is {@code memory} or {@code rocksdb}; DECODED says which values are: {@code all}, or {@code new} ones only.
 */
public final class Deduplicate {
    private static final long WARM_UP_RECORDS = 2_000_000;
    private static final String STORE = "seen";

    private final String servers;
    private final String sightings;
    private final String headlines;
    private final String folder;
    private final boolean inMemory;
    private final boolean decodesAll;

    private Deduplicate(String[] arguments) {
        servers = arguments[0];
        sightings = arguments[2];
        headlines = arguments[3];
        folder = arguments[5];
        inMemory = arguments[6].equals("memory");
        decodesAll = arguments[7].equals("all");
    }

    public static void main(String[] arguments) throws InterruptedException {
        Deduplicate contender = new Deduplicate(arguments);
        String application = arguments[1];
        long records = Long.parseLong(arguments[4]);
        CountDownLatch warm = new CountDownLatch(1);
        Stopwatch warmUp = new Stopwatch(Math.min(records, WARM_UP_RECORDS), ran -> warm.countDown());
        KafkaStreams warmingUp = contender.start(application + "-warm-up", warmUp);
        warm.await();
        warmingUp.close();
        System.gc();
        contender.start(application, new Stopwatch(records, ran -> {
            System.out.println(ran.figures());
            System.out.flush();
            Runtime.getRuntime().halt(0); // a shutdown is not measured
        }));
    }

    private KafkaStreams start(String application, Stopwatch watch) {
        KafkaStreams streams =
                new KafkaStreams(topology(watch), configuration(application), new Clients(watch));
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
            throw new AssertionError();
        });
        streams.start();
        return streams;
    }

    private Topology topology(Stopwatch watch) {
        KeyValueBytesStoreSupplier supplier =
                inMemory ? Stores.inMemoryKeyValueStore(STORE) : Stores.persistentKeyValueStore(STORE);
        StoreBuilder<KeyValueStore<Bytes, byte[]>> store =
                Stores.keyValueStoreBuilder(supplier, Serdes.Bytes(), Serdes.ByteArray());
        return new Topology()
                .addSource("sightings", new BytesDeserializer(), new ByteArrayDeserializer(), sightings)
                .addProcessor("deduplicate", () -> new Stage(watch, decodesAll), "sightings")
                // In front of RocksDB, a cache of objects answers for the keys that repeat.
                .addStateStore(inMemory ? store : store.withCachingEnabled(), "deduplicate")
                .addSink(
                        "headlines",
                        headlines,
                        new ByteArraySerializer(),
                        new ByteArraySerializer(),
                        "deduplicate");
    }

    private Properties configuration(String application) {
        Properties properties = new Properties();
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, servers);
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
        properties.put(StreamsConfig.STATE_DIR_CONFIG, folder);
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100); // its default for exactly once
        properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 64L << 20);
        // A poll as large as the other contenders', and room for two of one partition before it is paused.
        properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 4_000);
        properties.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 10_000);
        properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        return properties;
    }

    /** One record after another: looked up, and published if its key is new. */
    private static final class Stage implements Processor<Bytes, byte[], byte[], byte[]> {
        private final Stopwatch watch;
        private final boolean decodesAll;
        private ProcessorContext<byte[], byte[]> context;
        private KeyValueStore<Bytes, byte[]> seen;

        Stage(Stopwatch watch, boolean decodesAll) {
            this.watch = watch;
            this.decodesAll = decodesAll;
        }

        @Override
        public void init(ProcessorContext<byte[], byte[]> context) {
            this.context = context;
            this.seen = context.getStateStore(STORE);
        }

        @Override
        public void process(Record<Bytes, byte[]> record) {
            watch.begin();
            boolean isNew = seen.get(record.key()) == null;
            Sighting sighting = isNew || decodesAll ? Sighting.decode(record.value()) : null;
            if (isNew) {
                seen.put(record.key(), sighting.row());
                byte[] id = Sighting.bytes(sighting.id);
                context.forward(new Record<>(id, sighting.headline(), record.timestamp(), sighting.headers(id)));
            }
            if (watch.processed(isNew)) {
                context.commit(); // the last record need not wait for the next commit
            }
        }
    }

    /** A {@code ticker.sighting.v1}, and the events that come of it. */
    private static final class Sighting {
        private static final JsonFactory JSON = new JsonFactory();

        String type;
        String id;
        String source;
        String observedAt;
        int slot;
        String text;
        String language;
        boolean truncated;
        String link;
        String publishedAt;
        String traceparent;

        static Sighting decode(byte[] value) {
            Sighting sighting = new Sighting();
            try (JsonParser parser = JSON.createParser(value)) {
                parser.nextToken();
                for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
                    JsonToken token = parser.nextToken();
                    switch (name) {
                        case "type" -> sighting.type = parser.getText();
                        case "id" -> sighting.id = parser.getText();
                        case "source" -> sighting.source = parser.getText();
                        case "observed_at" -> sighting.observedAt = parser.getText();
                        case "slot" -> sighting.slot = parser.getIntValue();
                        case "text" -> sighting.text = parser.getText();
                        case "language" -> sighting.language = parser.getText();
                        case "truncated" -> sighting.truncated = token == JsonToken.VALUE_TRUE;
                        case "link" -> sighting.link = parser.getText();
                        case "published_at" -> sighting.publishedAt = parser.getText();
                        case "traceparent" -> sighting.traceparent = parser.getText();
                        default -> parser.skipChildren();
                    }
                }
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
            if (!"ticker.sighting.v1".equals(sighting.type)) {
                throw new IllegalArgumentException("no sighting: " + sighting.type);
            }
            return sighting;
        }

        byte[] headline() {
            return encode(json -> {
                json.writeStringField("type", "ticker.headline.v1");
                json.writeStringField("id", id);
                json.writeStringField("source", source);
                json.writeStringField("observed_at", observedAt);
                json.writeNumberField("slot", slot);
                json.writeStringField("text", text);
                json.writeStringField("language", language);
                if (truncated) {
                    json.writeBooleanField("truncated", true);
                }
                if (link != null) {
                    json.writeStringField("link", link);
                }
                if (publishedAt != null) {
                    json.writeStringField("published_at", publishedAt);
                }
                if (traceparent != null) {
                    json.writeStringField("traceparent", traceparent);
                }
                json.writeStringField("chain", id);
            });
        }

        byte[] row() {
            return encode(json -> {
                json.writeStringField("type", "ticker.seen.v1");
                json.writeStringField("id", id);
                json.writeStringField("text", text);
                json.writeStringField("language", language);
                json.writeStringField("first_seen", observedAt);
                json.writeStringField("last_seen", observedAt);
                json.writeNumberField("sightings", 1);
                json.writeArrayFieldStart("sources");
                json.writeString(source);
                json.writeEndArray();
            });
        }

        /** CloudEvents 1.0, as {@code schemas.cloudevents} writes them. */
        Headers headers(byte[] key) {
            Headers headers = new RecordHeaders()
                    .add("ce_specversion", bytes("1.0"))
                    .add("ce_id", key)
                    .add("ce_source", bytes(sourceUri()))
                    .add("ce_type", bytes("ticker.headline.v1"))
                    .add("ce_time", bytes(observedAt))
                    .add("content-type", bytes("application/json"))
                    .add("ce_partitionkey", key);
            return traceparent == null ? headers : headers.add("ce_traceparent", bytes(traceparent));
        }

        private String sourceUri() {
            try {
                return new URI(null, null, "/sources/" + source, null).toASCIIString();
            } catch (URISyntaxException error) {
                throw new IllegalArgumentException(error);
            }
        }

        private static byte[] bytes(String text) {
            return text.getBytes(StandardCharsets.UTF_8);
        }

        private interface Fields {
            void write(JsonGenerator json) throws IOException;
        }

        private static byte[] encode(Fields fields) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
            try (JsonGenerator json = JSON.createGenerator(bytes)) {
                json.writeStartObject();
                fields.write(json);
                json.writeEndObject();
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
            return bytes.toByteArray();
        }
    }

    /** The clients of Kafka Streams as it makes them itself, with a producer that tells of its commits. */
    private record Clients(Stopwatch watch) implements KafkaClientSupplier {
        @Override
        public Admin getAdmin(Map<String, Object> config) {
            return Admin.create(config);
        }

        @Override
        public Producer<byte[], byte[]> getProducer(Map<String, Object> config) {
            return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer()) {
                @Override
                public void commitTransaction() {
                    super.commitTransaction();
                    watch.committed();
                }
            };
        }

        @Override
        public Consumer<byte[], byte[]> getConsumer(Map<String, Object> config) {
            return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        }

        @Override
        public Consumer<byte[], byte[]> getRestoreConsumer(Map<String, Object> config) {
            return getConsumer(config);
        }

        @Override
        public Consumer<byte[], byte[]> getGlobalConsumer(Map<String, Object> config) {
            return getConsumer(config);
        }
    }

    /** Times all records and the second half of them, as {@code streams.bench.stopwatch.Stopwatch} does. */
    private static final class Stopwatch {
        private static final OperatingSystemMXBean SYSTEM =
                (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

        private final long records;
        private final java.util.function.Consumer<Stopwatch> done;
        private Mark began;
        private Mark half;
        private long processed;
        private long committed;
        private long headlines;
        private long lastCommit;
        private long gap;
        private long steadyGap;

        private record Mark(long records, long clock, long cpu, long ready) {}

        Stopwatch(long records, java.util.function.Consumer<Stopwatch> done) {
            this.records = records;
            this.done = done;
        }

        void begin() {
            if (began == null) {
                began = mark();
                lastCommit = began.clock;
            }
        }

        /** Counts a record; true if it is the last one. */
        boolean processed(boolean isNew) {
            headlines += isNew ? 1 : 0;
            return ++processed == records;
        }

        /** Counts what was processed since the last commit. */
        void committed() {
            if (committed == processed) {
                return; // what was committed are no records
            }
            committed = processed;
            long now = System.nanoTime();
            gap = Math.max(gap, now - lastCommit);
            if (half != null) {
                steadyGap = Math.max(steadyGap, now - lastCommit);
            } else if (committed >= records / 2.0) {
                half = mark();
            }
            lastCommit = now;
            if (committed >= records) {
                done.accept(this);
            }
        }

        String figures() {
            Mark end = mark();
            String all = span(began, end, gap);
            String steady = half.records < committed ? span(half, end, steadyGap) : all;
            return String.format(
                    Locale.ROOT,
                    "{\"headlines\":%d,\"all\":%s,\"steady\":%s,\"peak_memory_mib\":%.1f}",
                    headlines,
                    all,
                    steady,
                    peakMemoryMib());
        }

        private static String span(Mark start, Mark end, long gap) {
            return String.format(
                    Locale.ROOT,
                    "{\"records\":%d,\"seconds\":%.6f,\"cpu_seconds\":%.6f,\"ready_seconds\":%.6f,"
                            + "\"longest_gap_seconds\":%.6f}",
                    end.records - start.records,
                    (end.clock - start.clock) / 1e9,
                    (end.cpu - start.cpu) / 1e9,
                    (end.ready - start.ready) / 1e9,
                    gap / 1e9);
        }

        private Mark mark() {
            return new Mark(committed, System.nanoTime(), SYSTEM.getProcessCpuTime(), ready());
        }

        /** How long this process's threads were ready but not running, in ns (Linux's schedstat). */
        private static long ready() {
            long total = 0;
            try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
                for (Path task : tasks) {
                    try {
                        total += Long.parseLong(Files.readString(task.resolve("schedstat")).split(" ")[1]);
                    } catch (NoSuchFileException ended) {
                        continue; // a thread that has ended
                    }
                }
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
            return total;
        }

        private static double peakMemoryMib() {
            try {
                for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                    if (line.startsWith("VmHWM:")) {
                        return Long.parseLong(line.split("\\s+")[1]) / 1024.0;
                    }
                }
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
            throw new IllegalStateException("no VmHWM");
        }
    }
}
