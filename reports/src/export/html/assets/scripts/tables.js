// Tables sort by the values behind their numbers, within their groups: rows of different keeps do not compete.
site.ready(() => {
  // The value of a cell: a number, a text, or nothing.
  const value = (row, index) => {
    const cell = row.cells[index];
    const holder = cell.matches("[data-value]") ? cell : cell.querySelector("[data-value]");
    if (!holder) return cell.textContent.trim().toLowerCase();
    return holder.dataset.value === "" ? undefined : Number(holder.dataset.value);
  };
  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a - b);

  const sort = (head, ascending) => {
    const table = head.closest("table");
    site.all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    for (const body of table.tBodies) {
      const rows = site.all("tr[data-row]", body).map((row) => [value(row, head.cellIndex), row]);
      // A row without the number stays last either way.
      const gap = ([it]) => (it === undefined ? 1 : 0);
      rows.sort((a, b) => gap(a) - gap(b) || (gap(a) ? 0 : (ascending ? 1 : -1) * compare(a[0], b[0])));
      body.append(...rows.map(([, row]) => row));
    }
  };
  // The first click puts the best on top: low places, ranks and drops, high scores.
  const first = (head) => head.dataset.first === "ascending";

  for (const head of site.all("table.sortable th[data-column]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      const ascending = before ? before === "descending" : first(head);
      sort(head, ascending);
      if (head.closest("table.leaderboard") && head.closest(".board")) {
        site.state.set("sort", head.dataset.column + (ascending ? " up" : " down"));
      }
    });
  }
  site.state.follow(() => {
    const [, column, way] = site.state.get("sort").match(/^(.*) (up|down)$/) ?? [];
    for (const head of site.all(".board table.leaderboard th[data-column]")) {
      if (head.dataset.column === column) sort(head, way === "up");
    }
  });

  for (const input of site.all("[data-filter]")) {
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of site.all("tbody tr", document.getElementById(input.dataset.filter))) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
    });
  }
});

