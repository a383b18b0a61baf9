using System;
using System.ServiceModel;
using Microsoft.Xrm.Sdk;

namespace FnoLink.Plugins
{
    /// <summary>
    /// The custom API contoso_GetFinanceAndOperationsLink: which Finance &amp; Operations environment this organization is
    /// linked to, asked of Dataverse itself. Nothing leaves the sandbox, and fno-link is not needed.
    /// </summary>
    public sealed class LinkInProcess : IPlugin
    {
        private const string LinkMessage = "RetrieveFinanceAndOperationsIntegrationDetails";

        // On this message it says "not integrated"; on any other one it is a general code of Dataverse.
        private const int NotIntegrated = unchecked((int)0x80048d0b);

        public void Execute(IServiceProvider serviceProvider)
        {
            var context = (IPluginExecutionContext)serviceProvider.GetService(typeof(IPluginExecutionContext));
            var factory = (IOrganizationServiceFactory)serviceProvider.GetService(typeof(IOrganizationServiceFactory));
            var tracing = (ITracingService)serviceProvider.GetService(typeof(ITracingService));

            // Null: as SYSTEM, so that the answer does not depend on who opened the form.
            var service = factory.CreateOrganizationService(null);
            var answer = context.OutputParameters;
            try
            {
                var details = service.Execute(new OrganizationRequest(LinkMessage)).Results;
                answer["State"] = "linked";
                answer["Url"] = Text(details, "Url");
                answer["TenantId"] = Text(details, "TenantId");
                answer["Id"] = Text(details, "Id");
            }
            catch (FaultException<OrganizationServiceFault> fault) when (fault.Detail.ErrorCode == NotIntegrated)
            {
                tracing.Trace("{0}: {1}", LinkMessage, fault.Detail.Message);
                answer["State"] = "not_linked";
                answer["Url"] = answer["TenantId"] = answer["Id"] = string.Empty;
            }
        }

        private static string Text(ParameterCollection values, string name)
        {
            return values.Contains(name) && values[name] != null ? values[name].ToString() : string.Empty;
        }
    }
}
