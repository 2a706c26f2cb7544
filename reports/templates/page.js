"use strict";
// The page is complete without this: it adds sorting and filters to tables and a button that copies the command.
const FILTERED = 12; // Rows from which a table has a filter.
for (const table of document.querySelectorAll("table.sortable")) {
  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    const title = head.querySelector(".title");
    button.append(...(title ? [title] : head.childNodes));
    head.prepend(button);
    button.addEventListener("click", () => sort(table, head));
  }
  if (rowsOf(table).length >= FILTERED) addFilter(table);
}
function rowsOf(table) {
  return [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => row.className !== "group");
}
function sort(table, head) {
  // Groups of rows become one list: the heads of rows say in full what they are.
  for (const group of table.querySelectorAll("tr.group")) group.remove();
  const [body, ...others] = table.tBodies;
  for (const other of others) {
    body.append(...other.rows);
    other.remove();
  }
  const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
  const key = (row) => row.cells[head.cellIndex].dataset.sort ?? row.cells[head.cellIndex].textContent;
  const rows = [...body.rows].map((row) => [key(row), row]);
  const missing = (text) => text === "" || text === "nan";
  rows.sort(([a], [b]) => {
    if (missing(a) || missing(b)) return missing(a) - missing(b);
    const difference = Number(a) - Number(b);
    return sign * (Number.isNaN(difference) ? a.localeCompare(b) : difference);
  });
  body.append(...rows.map(([, row]) => row));
}
function addFilter(table) {
  // What rows are called by is searched, not their figures: every word that is typed has to be there.
  const names = (row) => [...row.cells].filter((cell) => cell.matches("th, .text")).map((cell) => cell.textContent);
  const rows = rowsOf(table).map((row) => [row, names(row).join(" ").toLowerCase()]);
  const box = document.createElement("div");
  const label = document.createElement("label");
  const input = document.createElement("input");
  const shown = document.createElement("output");
  box.className = "filter";
  input.type = "search";
  input.autocomplete = "off";
  input.setAttribute("aria-controls", table.id);
  label.append("Show rows with", input);
  box.append(label, shown);
  const update = () => {
    const words = input.value.toLowerCase().split(/\s+/);
    let count = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      count += row.hidden ? 0 : 1;
    }
    for (const group of table.querySelectorAll("tr.group")) {
      group.hidden = [...group.parentElement.rows].every((row) => row === group || row.hidden);
    }
    shown.textContent = count === rows.length ? `${rows.length} rows` : `${count} of ${rows.length} rows`;
  };
  input.addEventListener("input", update);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    input.value = "";
    update();
  });
  update();
  table.closest(".scroll").before(box);
}
for (const command of document.querySelectorAll("pre.command")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(command.textContent);
    button.textContent = "Copied";
  });
  command.after(button);
}
