import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** Validates events by networknt: reads `type TAB event` lines, writes how many were valid and which were not. */
public class Validate {
    public static void main(String[] arguments) throws IOException {
        var folder = Path.of(arguments[0]);
        var mapper = new ObjectMapper();
        var factory = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);
        var config = SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build();
        var validators = new HashMap<String, JsonSchema>();
        Map<String, Integer> valid = new TreeMap<>();
        Map<String, Integer> invalid = new TreeMap<>();
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        long number = 0;
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            number++;
            int tab = line.indexOf('\t');
            var name = line.substring(0, tab);
            if (!validators.containsKey(name)) {
                var place = folder.resolve(name + ".schema.json").toUri().toString();
                validators.put(name, factory.getSchema(SchemaLocation.of(place), config));
            }
            JsonNode event = mapper.readTree(line.substring(tab + 1));
            var messages = validators.get(name).validate(event);
            (messages.isEmpty() ? valid : invalid).merge(name, 1, Integer::sum);
            if (!messages.isEmpty()) {
                System.err.println("line " + number + ": " + messages);
            }
        }
        System.out.println(mapper.writeValueAsString(Map.of("valid", valid, "invalid", invalid)));
    }
}
