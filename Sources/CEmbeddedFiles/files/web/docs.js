"use strict";

// What Swagger UI shows: the description that the server itself hands out.
window.addEventListener("load", () => {
  if (!window.SwaggerUIBundle) {
    // The CDN is out of reach, or blocked.
    document.getElementById("description").textContent =
      "Swagger UI could not be loaded. An operator can have this server hand it out itself: make docs-assets. " +
      "The description itself is at /openapi.json.";
    return;
  }
  window.SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#description",
    deepLinking: true,
    displayOperationId: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    tryItOutEnabled: false,
    // Would send the description to a service elsewhere.
    validatorUrl: null,
  });
});
