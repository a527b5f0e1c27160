"use strict";

// What Swagger UI shows: the description that the server itself hands out.
window.addEventListener("load", () => {
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
