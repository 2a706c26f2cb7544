// Dialogues turn by turn are complete without this: it adds a search, keys, and the probabilities of one turn.
for (const dialogues of document.querySelectorAll(".dialogues")) {
  const finder = dialogues.previousElementSibling;
  const key = finder.previousElementSibling;
  const texts = (selector) => [...key.querySelectorAll(selector)].map((one) => one.textContent);
  const classes = texts(".name");
  const short = texts(".swatch").slice(0, classes.length);
  const grids = [...dialogues.children].map((dialogue) => strips(dialogue, classes, short));
  const help = finder.querySelector("button");
  const keys = () => {
    const told = finder.querySelector(".keys");
    told.hidden = !told.hidden;
    help.setAttribute("aria-expanded", String(!told.hidden));
  };
  help.addEventListener("click", keys);
  dialogues.addEventListener("keydown", (event) => {
    if (event.key === "?") keys();
  });
  search(finder, grids);
  finder.hidden = false;
}

// The strips of one dialogue as a grid with one tab stop; the turn that is chosen is told beside it.
function strips(dialogue, classes, short) {
  const table = dialogue.querySelector("table.strips");
  const told = dialogue.querySelector(".turn");
  const said = [...dialogue.querySelectorAll("table.said tbody tr")];
  const rows = [...table.querySelectorAll("tbody tr:not(.group)")];
  const turns = said.length;
  const gold = rows[0].dataset.gold.split(" ").map(Number);
  const shares = (row, turn) => row.dataset.p?.split("|")[turn].split(" ");
  const model = (row) => row.parentNode.querySelector(".group span")?.textContent ?? "";
  const at = { row: 0, turn: 0 };
  const cell = () => rows[at.row].cells[Math.min(at.turn + 1, rows[at.row].cells.length - 1)];
  let chosen = cell();
  table.setAttribute("role", "grid");
  chosen.tabIndex = 0;

  function choose(row, turn) {
    at.row = Math.max(0, Math.min(row, rows.length - 1));
    at.turn = Math.max(0, Math.min(turn, turns - 1));
    chosen.removeAttribute("tabindex");
    chosen.removeAttribute("aria-selected");
    chosen = cell();
    chosen.tabIndex = 0;
    chosen.setAttribute("aria-selected", "true");
    chosen.setAttribute("aria-label", inWords(chosen));
    for (const head of table.tHead.rows[0].cells) head.classList.toggle("at", head.cellIndex === at.turn + 1);
    tell();
    chosen.focus();
  }
  function inWords(one) {
    const p = shares(rows[at.row], at.turn);
    if (!p) return at.row ? one.textContent : `gold ${classes[gold[at.turn]] ?? "unknown"}`;
    const first = short.indexOf(one.textContent);
    const marks = [one.classList.contains("w") && "wrong", one.classList.contains("x") && "other than on clean input"];
    return [`${classes[first]} ${percent(p[first])} %`, ...marks.filter(Boolean)].join(", ");
  }
  // Of the model chosen every condition; of the gold row every model on clean input.
  function tell() {
    const own = at.row ? [...rows[at.row].parentNode.rows].slice(1) : rows.filter((row) => row.previousElementSibling?.matches(".group"));
    const [turn, speaker, ...rest] = said[at.turn].cells;
    const words = rest.find((one) => one.matches(".said"));
    const quote = element("blockquote", words?.textContent ?? "");
    quote.dir = "auto";
    const parts = [
      element("p", element("strong", `Turn ${turn.textContent}, speaker ${speaker.textContent}`), `: gold ${classes[gold[at.turn]] ?? "unknown"}`),
      ...(words ? [quote] : []),
      shown(own),
    ];
    told.replaceChildren(...parts);
    told.hidden = false;
  }
  function shown(own) {
    const mark = (one, k) => {
      if (k === gold[at.turn]) one.classList.add("gold");
      return one;
    };
    const heads = short.map((name, k) => {
      const head = mark(element("th", element("abbr", name), ...(k === gold[at.turn] ? [element("span", "gold")] : [])), k);
      head.scope = "col";
      head.firstChild.title = classes[k];
      if (head.children[1]) head.children[1].className = "arrow";
      return head;
    });
    const lines = own.map((row) => {
      const head = element("th", ...(at.row ? row.cells[0].cloneNode(true).childNodes : [model(row)]));
      head.scope = "row";
      const p = shares(row, at.turn);
      const line = element("tr", head, ...(p ?? short.map(() => "–")).map((share, k) => mark(element("td", p ? percent(share) : share), k)));
      const most = p ? short.indexOf(row.cells[at.turn + 1].textContent) : -1;
      line.cells[most + 1].classList.toggle("most", most >= 0);
      line.classList.toggle("at", row === rows[at.row]);
      return line;
    });
    const first = element("th", at.row ? "condition" : "clean input");
    first.scope = "col";
    const table = element("table", element("caption", at.row ? `${model(rows[at.row])}: per cent by class` : "Every model: per cent by class"));
    table.append(element("thead", element("tr", first, ...heads)), element("tbody", ...lines));
    const scroll = element("div", table);
    scroll.className = "scroll";
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", "Probabilities of the selected turn");
    return scroll;
  }
  // The first row of the model before or after.
  function otherModel(step) {
    const bodies = [...table.tBodies];
    const body = bodies[bodies.indexOf(rows[at.row].parentNode) + step];
    return body ? rows.indexOf(body.querySelector("tr:not(.group)")) : at.row;
  }
  const moves = {
    ArrowLeft: () => [at.row, at.turn - 1],
    ArrowRight: () => [at.row, at.turn + 1],
    ArrowUp: () => [at.row - 1, at.turn],
    ArrowDown: () => [at.row + 1, at.turn],
    Home: () => [at.row, 0],
    End: () => [at.row, turns - 1],
    PageUp: () => [otherModel(-1), at.turn],
    PageDown: () => [otherModel(1), at.turn],
  };
  table.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter") {
      choose(at.row, at.turn);
      told.focus();
    } else if (moves[event.key]) choose(...moves[event.key]());
    else return;
    event.preventDefault();
  });
  table.addEventListener("click", (event) => {
    const one = event.target.closest("td");
    if (one) choose(rows.indexOf(one.parentNode), one.cellIndex - 1);
  });
  told.addEventListener("keydown", (event) => {
    if (event.key === "Escape") chosen.focus();
  });
  const name = dialogue.querySelector(".dialogue-name").textContent.toLowerCase();
  const found = said.map((row) => [...row.querySelectorAll(".find")].map((one) => one.textContent.replaceAll("\u00a0", " ").toLowerCase()));
  return { dialogue, name, found, said, heads: [...table.tHead.rows[0].cells].slice(1), choose };
}

// Turns whose words or classes hold what is typed; where there are none, dialogues whose name does. Enter: the next one.
function search(finder, grids) {
  const [input, told] = [finder.querySelector("input"), finder.querySelector("output")];
  const open = grids.map((grid) => grid.dialogue.open);
  let hits = [];
  let next = 0;
  input.addEventListener("input", () => {
    const wanted = input.value.trim().replaceAll("\u00a0", " ").toLowerCase();
    const among = (match) => grids.flatMap((grid) => grid.found.flatMap((texts, turn) => (match(grid, texts) ? [[grid, turn]] : [])));
    hits = wanted ? among((_, texts) => texts.some((text) => text.includes(wanted))) : [];
    if (wanted && !hits.length) hits = among((grid) => grid.name.includes(wanted));
    next = 0;
    const marked = new Map(grids.map((grid) => [grid, new Set()]));
    for (const [grid, turn] of hits) marked.get(grid).add(turn);
    grids.forEach((grid, place) => {
      const turns = marked.get(grid);
      grid.dialogue.hidden = Boolean(wanted) && !turns.size;
      grid.dialogue.open = wanted ? turns.size > 0 : open[place];
      grid.said.forEach((row, turn) => row.classList.toggle("hit", turns.has(turn)));
      grid.heads.forEach((head, turn) => head.classList.toggle("hit", turns.has(turn)));
    });
    const several = (number, name) => `${number} ${name}${number === 1 ? "" : "s"}`;
    const where = `the ${several(grids.length, "dialogue")} shown`;
    const inside = new Set(hits.map(([grid]) => grid)).size;
    told.textContent = !wanted ? "" : hits.length ? `${several(hits.length, "turn")} in ${inside} of ${where}; Enter: the next` : `nothing in ${where}`;
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !hits.length) return;
    const [grid, turn] = hits[next];
    next = (next + 1) % hits.length;
    grid.choose(0, turn);
  });
}

function element(name, ...content) {
  const made = document.createElement(name);
  made.append(...content);
  return made;
}

function percent(token) {
  return { "-": "<1", "+": ">99" }[token] ?? token;
}
