"use strict";
// Everything is on the page without this script; it only hides, sorts and highlights.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Boards as tabs: arrows move, and the address remembers the board.
  const tabs = all('[role="tab"]');
  const boards = all(".board");
  const select = (index, focus) => {
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === index));
      tab.tabIndex = i === index ? 0 : -1;
    });
    boards.forEach((board, i) => { board.hidden = i !== index; });
    if (focus) tabs[index].focus();
  };
  tabs.forEach((tab, index) => {
    const show = (i, focus) => {
      select(i, focus);
      history.replaceState(null, "", "#" + boards[i].id);
    };
    tab.addEventListener("click", () => show(index, false));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      show((to + tabs.length) % tabs.length, true);
    });
  });
  const fromAddress = () => {
    const index = boards.findIndex((board) => "#" + board.id === location.hash);
    if (tabs.length) select(Math.max(index, 0), false);
  };
  addEventListener("hashchange", fromAddress);
  fromAddress();

  // Sorting stays within a keep: rows of different keeps do not compete.
  const value = (row, key) => {
    const values = row.dataset.v.split("|").map(Number);
    const column = { place: 0, mean: 1, drop: 2, rank: 3 }[key];
    return values[column === undefined ? 4 + Number(key) : column];
  };
  const name = (row) => row.querySelector("th.name").textContent;
  for (const button of all("[data-sort]")) {
    button.addEventListener("click", () => {
      const key = button.dataset.sort;
      const head = button.closest("th");
      const table = button.closest("table");
      // The first click puts the best on top: low places, ranks and drops, high scores.
      const lowFirst = ["place", "rank", "name", "drop"].includes(key);
      const before = head.getAttribute("aria-sort");
      const ascending = before ? before === "descending" : lowFirst;
      all("th[aria-sort]", table).forEach((th) => th.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      for (const body of table.tBodies) {
        const rows = all("tr[data-v]", body);
        // A row without the number stays last either way.
        const gap = (row) => key !== "name" && Math.abs(value(row, key)) >= 1e8;
        const low = (row) => key !== "name" && !["place", "mean", "drop", "rank"].includes(key) && value(row, key) < 0;
        const last = (row) => (gap(row) || low(row) ? 1 : 0);
        rows.sort((a, b) => {
          if (last(a) !== last(b)) return last(a) - last(b);
          const order = key === "name" ? name(a).localeCompare(name(b)) : value(a, key) - value(b, key);
          return ascending ? order : -order;
        });
        body.append(...rows);
      }
    });
  }

  for (const board of boards) {
    const table = board.querySelector(".leaderboard");
    for (const radio of all("[data-show]", board)) {
      if (radio !== table) radio.addEventListener("change", () => { table.dataset.show = radio.dataset.show; });
    }
    for (const radio of all("input[data-keep]", board)) {
      radio.addEventListener("change", () => {
        for (const body of all("tbody[data-keep]", board)) {
          body.hidden = radio.dataset.keep !== "" && body.dataset.keep !== radio.dataset.keep;
        }
      });
    }
    const find = board.querySelector("[data-method-filter]");
    find.addEventListener("input", () => {
      const wanted = find.value.trim().toLowerCase();
      for (const row of all("tbody tr", board)) {
        const head = row.querySelector('th[scope="row"]');
        if (head) row.hidden = !head.textContent.toLowerCase().includes(wanted);
      }
    });
    // A method of the legend is brought forward; pressed, it stays so.
    const plots = board.querySelector(".plots");
    const buttons = all("[data-series]", board);
    const focus = (style) => {
      plots.classList.toggle("focus", Boolean(style));
      all(".series", plots).forEach((it) => it.classList.toggle("hot", it.classList.contains(style)));
    };
    const pressed = () => buttons.find((it) => it.getAttribute("aria-pressed") === "true")?.dataset.series;
    for (const button of buttons) {
      button.addEventListener("mouseenter", () => focus(button.dataset.series));
      button.addEventListener("mouseleave", () => focus(pressed()));
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        buttons.forEach((it) => it.setAttribute("aria-pressed", String(on && it === button)));
        focus(pressed());
      });
    }
  }

  for (const input of all("[data-filter]")) {
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of all("tbody tr", document.getElementById(input.dataset.filter))) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
    });
  }
})();
