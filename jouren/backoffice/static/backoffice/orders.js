// Fills in the amount of an order that is entered: the product's price times how many, until somebody writes their own.
(function () {
  "use strict";

  const prices = JSON.parse(document.getElementById("prices").textContent);
  const product = document.getElementById("id_product");
  const quantity = document.getElementById("id_quantity");
  const amount = document.getElementById("id_amount");
  let isOwn = amount.value !== "";

  function times(price, count) {
    const [whole, part = ""] = price.split(".");
    const all = String(BigInt(whole + part) * BigInt(count)).padStart(part.length + 1, "0");
    return part ? all.slice(0, -part.length) + "." + all.slice(-part.length) : all;
  }

  function fill() {
    const price = prices[product.value];
    if (!isOwn && price !== undefined && /^[1-9]\d{0,5}$/.test(quantity.value)) {
      amount.value = times(price, quantity.value);
    }
  }

  amount.addEventListener("input", () => {
    isOwn = amount.value !== "";
  });
  product.addEventListener("change", fill);
  quantity.addEventListener("input", fill);
})();
