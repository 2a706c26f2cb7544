"use strict";
// The page is complete without this: it adds sorting to tables and a button that copies the command.
for (const table of document.querySelectorAll("table.sortable")) {
  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    const title = head.querySelector(".title");
    button.append(...(title ? [title] : head.childNodes));
    head.prepend(button);
    button.addEventListener("click", () => sort(table, head));
  }
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
