// What a shop's own program does with Segment's library. node segment_client.js <write key> <host> <orders>
const { Analytics } = require("@segment/analytics-node");

const [, , writeKey, host, orders] = process.argv;
const analytics = new Analytics({ writeKey, host, flushAt: 3, maxRetries: 8 });
const failures = [];
analytics.on("error", (error) => failures.push(String(error.reason || error.code || error)));
analytics.identify({ userId: "77", traits: { email: "hana@example.jp", firstName: "花子", lastName: "山田" } });
for (let number = 1; number <= Number(orders); number++) {
  const bought = {
    order_id: `n${number}`, total: 1980, currency: "JPY", products: [{ sku: "tea", quantity: 1, price: 1980 }],
  };
  analytics.track({ userId: "77", event: `Quiz ${number}` });
  analytics.track({ userId: "77", event: "Order Completed", properties: bought });
}
analytics.closeAndFlush().then(() => console.log(JSON.stringify(failures)));
