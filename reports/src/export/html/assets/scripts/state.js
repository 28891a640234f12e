// What a reader has chosen stands in the address behind the hash, so that it can be bookmarked and sent. A hash without "=" is the name
// of a place on the page.
(() => {
  const read = () => new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
  let chosen = read();
  const followers = [];
  site.state = {
    get: (name) => chosen.get(name) ?? "",
    // Empty is what a page begins with, and not worth a word in the address.
    set: (name, value) => {
      if (value) chosen.set(name, value);
      else chosen.delete(name);
      history.replaceState(null, "", "#" + chosen);
    },
    clear: (names) => {
      names.forEach((name) => chosen.delete(name));
      history.replaceState(null, "", "#" + chosen);
    },
    // Calls at once, and whenever somebody changes the address.
    follow: (work) => {
      followers.push(work);
      work();
    },
  };
  addEventListener("hashchange", () => {
    chosen = read();
    followers.forEach((work) => work());
  });
})();

