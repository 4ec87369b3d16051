// Read categories in a group that shares the work (kafkajs).
//   npm install && npm run build
//   node categories.js 127.0.0.1:9092 my-group ticker.category.sport ticker.category.politics
// Prints a JSON line for each headline, and goes on until Ctrl-C.
import { Kafka, logLevel } from "kafkajs";
import type { CategorizedHeadline } from "./events";

async function main([servers, groupId, ...topics]: string[]): Promise<void> {
  const kafka = new Kafka({ brokers: servers.split(","), logLevel: logLevel.ERROR });
  const consumer = kafka.consumer({ groupId, readUncommitted: false });
  process.once("SIGTERM", () => void consumer.disconnect());
  process.once("SIGINT", () => void consumer.disconnect());
  await consumer.connect();
  await consumer.subscribe({ topics, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      if (message.value === null) return;
      const event = JSON.parse(message.value.toString()) as CategorizedHeadline;
      // A later release may bring a type that this program does not know.
      if (event.type !== "ticker.category.v1") return;
      const label = event.topics?.[0]?.labels?.en ?? event.category;
      // Delivered at least once: who must not act twice remembers `event.id`.
      console.log(JSON.stringify({ id: event.id, chain: event.chain, label, text: event.text }));
    },
  });
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
