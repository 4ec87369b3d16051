// More consumers than partitions: a share group (Kafka 4.2) hands single records out, and again when they are not
// acknowledged. There is no order. For work on each headline by itself, such as translating it.
//   java -cp 'kafka-clients.jar:…' WorkQueue 127.0.0.1:9092 my-share-group ticker.headlines
// Prints each headline's id; goes on until it is stopped.
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

public final class WorkQueue {
  public static void main(String[] arguments) throws Exception {
    Map<String, Object> settings =
        Map.of(
            "bootstrap.servers", arguments[0],
            "group.id", arguments[1],
            "share.acknowledgement.mode", "explicit");
    // A group's own settings, which its first member makes: else it starts at the end, and sees what was aborted.
    var group = new ConfigResource(ConfigResource.Type.GROUP, arguments[1]);
    try (var admin = Admin.create(Map.<String, Object>of("bootstrap.servers", arguments[0]))) {
      admin
          .incrementalAlterConfigs(
              Map.of(
                  group,
                  List.of(
                      set("share.auto.offset.reset", "earliest"),
                      set("share.isolation.level", "read_committed"))))
          .all()
          .get();
    }
    try (var consumer =
        new KafkaShareConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(arguments[2]));
      while (true) {
        for (var record : consumer.poll(Duration.ofSeconds(1))) {
          var id = new String(record.headers().lastHeader("ce_id").value());
          System.out.println(id);
          // RELEASE instead gives it to another; REJECT gives it to nobody any more.
          consumer.acknowledge(record, AcknowledgeType.ACCEPT);
        }
        consumer.commitSync();
      }
    }
  }

  private static AlterConfigOp set(String name, String value) {
    return new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
  }
}
