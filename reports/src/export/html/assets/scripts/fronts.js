// Pareto fronts: those of one cost at a time, for all boards.
site.ready(() => {
  const select = document.querySelector("[data-fronts]");
  if (!select) return;
  const show = () => {
    const cost = select.value;
    document.getElementById("fronts").classList.toggle("one", cost !== "");
    for (const board of site.all("#fronts .fronts-of")) {
      const figures = site.all("figure[data-cost]", board);
      figures.forEach((it) => { it.hidden = cost !== "" && it.dataset.cost !== cost; });
      board.hidden = figures.every((it) => it.hidden);
    }
  };
  select.addEventListener("change", () => {
    site.state.set("cost", select.value);
    show();
  });
  site.state.follow(() => {
    const wanted = site.state.get("cost");
    select.value = [...select.options].some((it) => it.value === wanted) ? wanted : "";
    show();
  });
});
