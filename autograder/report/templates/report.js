"use strict";

// The page is whole without this: it sorts the tables, and finds students in the last one.

const SHOWN = 200;  // rows of students at first, and how many more on request: all of a large class take long to lay out
const FOLDED = 10;  // rows of another long table at first, as in the style
const collator = new Intl.Collator("en", { numeric: true });
const table = document.getElementById("table");
const [form, find, status, mistake, found, more] =
  ["filter", "find", "status", "mistake", "found", "more"].map((id) => document.getElementById(id));
const known = new Map(Array.from(table.tBodies[0].rows, (row) => [row, {
  text: row.textContent.toLowerCase(),
  kinds: row.dataset.is.split(" "),
  mistakes: (row.dataset.mistakes ?? "").split(" "),
}]));
let most = SHOWN;

function fits(row, words) {
  const { text, kinds, mistakes } = known.get(row);
  return words.every((word) => text.includes(word))
    && (!status.value || kinds.includes(status.value))
    && (!mistake.value || mistakes.includes(mistake.value));
}

function filter() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const row of Array.from(table.tBodies[0].rows)) {
    const right = fits(row, words);
    row.hidden = !right || count >= most;
    count += right;
  }
  const all = known.size.toLocaleString("en");
  found.textContent = `${count.toLocaleString("en")} of ${all} submission${known.size === 1 ? "" : "s"}`
    + (count > most ? `, the first ${most} of them shown` : "");
  more.hidden = count <= most;
  more.textContent = `Show ${Math.min(SHOWN, count - most)} more`;
}

// Who looks for others sees the first ones again.
function anew() {
  most = SHOWN;
  filter();
}

function value(row, column, kind) {
  const text = row.cells[column].textContent.trim();
  return kind === "number" ? parseFloat(text.replaceAll(",", "")) : text;
}

function compare(kind, down) {
  const sign = down ? -1 : 1;
  if (kind === "text") return ([a], [b]) => sign * collator.compare(a, b);
  // What has no number comes last, whichever way.
  return ([a], [b]) => isNaN(a) - isNaN(b) || (isNaN(a) ? 0 : sign * (a - b));
}

function sort(head) {
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const body = head.closest("table").tBodies[0];
  const rows = Array.from(body.rows, (row) => [value(row, head.cellIndex, head.dataset.sort), row]);
  const sorted = document.createDocumentFragment();
  for (const [, row] of rows.sort(compare(head.dataset.sort, down))) sorted.append(row);
  body.append(sorted);
  if (body.parentNode === table) filter();
}

for (const head of document.querySelectorAll(".sortable th[data-sort]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => sort(head));
}
for (const link of document.querySelectorAll("a[data-mistake], a[data-show]")) {
  link.addEventListener("click", () => {
    form.reset();
    mistake.value = link.dataset.mistake ?? "";
    status.value = link.dataset.show ?? "";
    anew();
  });
}
for (const long of document.querySelectorAll(".long")) {
  const rows = long.tBodies[0].rows.length;
  if (rows <= FOLDED) continue;
  const unfold = document.createElement("button");
  unfold.type = "button";
  unfold.textContent = `Show all ${rows}`;
  unfold.addEventListener("click", () => {
    long.classList.remove("folded");
    unfold.remove();
  });
  long.classList.add("folded");
  long.parentNode.after(unfold);
}
form.addEventListener("input", anew);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(anew));
more.addEventListener("click", () => {
  most += SHOWN;
  filter();
});
form.hidden = false;
filter();
