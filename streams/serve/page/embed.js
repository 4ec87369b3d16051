// <script src="https://HOST/embed.js" data-topic="sport" data-language="ar"></script> puts the plain strip there.
(() => {
  const script = document.currentScript;
  const frame = document.createElement("iframe");
  const query = new URLSearchParams();
  for (const name of ["topic", "language", "source", "words"]) {
    if (script.dataset[name]) query.set(name, script.dataset[name]);
  }
  frame.src = `${new URL("/strip", script.src)}?${query}`;
  frame.title = script.dataset.title || "Headlines";
  frame.loading = "lazy";
  frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-top-navigation-by-user-activation");
  Object.assign(frame.style, { width: "100%", height: "3.5rem", border: "0" });
  script.after(frame);
})();
