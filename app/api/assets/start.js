// Begins the page of the API's description; its own file, so that no page of the hub needs inline script.
window.addEventListener("load", () => {
  SwaggerUIBundle({
    url: document.querySelector("#docs").dataset.description,
    dom_id: "#docs",
    deepLinking: true,
    validatorUrl: null, // asks nobody outside
    presets: [SwaggerUIBundle.presets.apis],
  });
});
