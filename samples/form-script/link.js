// Shows on a form which Finance & Operations environment the organization is linked to, or that it is not. It calls the custom
// API of samples/plugin with the rights of whoever looks at the form: there is no key in the browser.
"use strict";

var FnoLink = FnoLink || {};

(function () {
  var NOTIFICATION = "fno-link";
  var API = "contoso_GetFinanceAndOperationsLink";

  function request() {
    return {
      getMetadata: function () {
        // 0: an action. Without a bound parameter: the API is global.
        return { boundParameter: null, operationType: 0, operationName: API, parameterTypes: {} };
      },
    };
  }

  function shown(link) {
    if (link.State === "linked") {
      return { level: "INFO", text: "Finance & Operations: " + link.Url };
    }
    return { level: "WARNING", text: "This organization is not linked to Finance & Operations." };
  }

  /** To be registered for the form's OnLoad, with the execution context as first parameter. */
  FnoLink.onLoad = function (executionContext) {
    var form = executionContext.getFormContext();
    return Xrm.WebApi.online
      .execute(request())
      .then(function (response) {
        return response.json();
      })
      .then(function (link) {
        var told = shown(link);
        form.ui.setFormNotification(told.text, told.level, NOTIFICATION);
      })
      .catch(function (error) {
        // Unknown is not "not linked": the form says nothing that it does not know.
        form.ui.clearFormNotification(NOTIFICATION);
        console.warn("fno-link: " + error.message);
      });
  };
})();
