// The boards of the overview: one at a time, and filtered.
site.ready(() => {
  const form = document.querySelector("form.filters");
  if (!form) return;
  const boards = site.all(".board");
  const tabs = site.all('[role="tab"]');
  const names = ["show", "ties", "keep", "family", "track", "find", "controls"];
  // What controls have at first, which is not worth a word in the address.
  const usual = { show: "score", ties: "paired", controls: true };
  // A control that a page does not need is not on it.
  const chosen = (name) => {
    const control = form.elements[name];
    if (!control) return "";
    return control.type === "checkbox" ? control.checked : control.value;
  };
  const visible = () => tabs.filter((tab) => !tab.hidden);

  const select = (tab, focus) => {
    for (const it of tabs) {
      it.setAttribute("aria-selected", String(it === tab));
      it.tabIndex = it === tab ? 0 : -1;
    }
    boards.forEach((board) => { board.hidden = board.id !== tab.getAttribute("aria-controls"); });
    if (focus) tab.focus();
  };
  const choose = (tab, focus) => {
    select(tab, focus);
    site.state.set("board", tab === tabs[0] ? "" : tab.getAttribute("aria-controls"));
  };
  for (const tab of tabs) {
    tab.addEventListener("click", () => choose(tab, false));
    tab.addEventListener("keydown", (event) => {
      const shown = visible();
      const place = shown.indexOf(tab);
      const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: shown.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      choose(shown[(to + shown.length) % shown.length], true);
    });
  }

  const apply = () => {
    const [show, ties, keep, family, track, find, controls] = names.map(chosen);
    const wanted = find.trim().toLowerCase();
    const fits = (row) =>
      row.dataset.method.toLowerCase().includes(wanted) &&
      (family === "" || row.dataset.family === family) &&
      (controls || row.dataset.note === "");
    for (const board of boards) {
      board.querySelector(".leaderboard").dataset.show = show;
      board.dataset.ties = ties;
      for (const part of site.all(".order-keep", board)) part.hidden = keep !== "" && part.dataset.group !== keep;
      for (const body of site.all("tbody:not(.order-keep *)", board)) {
        const rows = site.all("tr[data-row]", body);
        rows.forEach((row) => { row.hidden = !fits(row); });
        const other = keep !== "" && body.dataset.group !== undefined && body.dataset.group !== keep;
        body.hidden = other || rows.every((row) => row.hidden);
      }
      board.querySelector(".nothing").hidden = site.all(".leaderboard tbody", board).some((body) => !body.hidden);
    }
    for (const tab of tabs) tab.hidden = track !== "" && tab.dataset.track !== track;
    const selected = tabs.find((tab) => tab.getAttribute("aria-selected") === "true");
    if (selected?.hidden && visible().length) choose(visible()[0], false);
  };
  form.addEventListener("input", (event) => {
    const name = event.target.name;
    const value = chosen(name);
    site.state.set(name, value === usual[name] ? "" : name === "controls" ? "no" : value);
    apply();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    site.state.clear(names);
    // The controls have their first values only after this event.
    setTimeout(apply);
  });
  site.state.follow(() => {
    for (const name of names) {
      const control = form.elements[name];
      const value = site.state.get(name);
      if (!control) continue;
      if (name === "controls") control.checked = value !== "no";
      else control.value = value || (usual[name] ?? "");
    }
    const id = site.state.get("board") || location.hash.slice(1);
    const tab = tabs.find((it) => it.getAttribute("aria-controls") === id);
    if (tabs.length) select(tab ?? tabs[0], false);
    apply();
    // The place that an address names may have been hidden when the browser looked for it.
    if (tab && location.hash === "#" + id) document.getElementById(id).scrollIntoView();
  });
});

