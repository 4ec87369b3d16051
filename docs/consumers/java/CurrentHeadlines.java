// Know every live headline in its newest wording: read the compacted topic from its beginning.
//   java -cp 'kafka-clients.jar:jackson-databind.jar:…:.' CurrentHeadlines 127.0.0.1:9092 ticker.current
// Prints a line for each when it has caught up: chain, id and text, with tabs between.
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.headlineticker.Events.CategorizedHeadline;

public final class CurrentHeadlines {
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES); // later releases add fields

  public static void main(String[] arguments) throws Exception {
    Map<String, Object> settings =
        Map.of("bootstrap.servers", arguments[0], "isolation.level", "read_committed");
    Map<String, CategorizedHeadline> current = new HashMap<>();
    try (var consumer =
        new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(arguments[1]).stream()
              .map(each -> new TopicPartition(each.topic(), each.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(each -> consumer.position(each) < ends.get(each))) {
        for (var record : consumer.poll(Duration.ofMillis(500))) {
          if (record.value() == null) {
            current.remove(record.key());
          } else {
            current.put(record.key(), JSON.readValue(record.value(), CategorizedHeadline.class));
          }
        }
      }
    }
    current.values().forEach(h -> System.out.println(h.chain() + "\t" + h.id() + "\t" + h.text()));
  }
}
