// Reads topics with kafkajs from their beginning and prints each record as a line of JSON.
// Ends when so many records have come and then three fetches in a row bring nothing more.
//   node read_committed.cjs BOOTSTRAP COUNT TOPIC...
const { Kafka, logLevel } = require("kafkajs");

const [brokers, count, ...topics] = process.argv.slice(2);
const kafka = new Kafka({ brokers: brokers.split(","), logLevel: logLevel.ERROR });
const consumer = kafka.consumer({ groupId: `foreign-${process.pid}-${Date.now()}`, maxWaitTimeInMs: 200 });
let seen = 0;
let idle = 0;

function text(headers) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.toString()]));
}

async function main() {
  await consumer.connect();
  await consumer.subscribe({ topics, fromBeginning: true });
  const done = new Promise((resolve) => {
    consumer.on(consumer.events.FETCH, ({ payload }) => {
      idle = seen >= Number(count) && payload.numberOfBatches === 0 ? idle + 1 : 0;
      if (idle === 3) resolve();
    });
  });
  await consumer.run({
    eachMessage: async ({ message }) => {
      seen += 1;
      const { key, value, headers } = message;
      console.log(JSON.stringify({ key: key.toString(), value: value.toString(), headers: text(headers) }));
    },
  });
  await done;
  await consumer.disconnect();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
