using System;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Runtime.Serialization;
using System.Runtime.Serialization.Json;
using Microsoft.Xrm.Sdk;

namespace FnoLink.Plugins
{
    /// <summary>
    /// Asks fno-link, with a token of the plug-in's managed identity. Its step has as unsecure configuration the app, the
    /// organization's name there and the scope, in one line with spaces between them. No key: fno-link lets it in by the role
    /// link.read in the token.
    /// </summary>
    public sealed class AskFnoLink : IPlugin
    {
        // A sandbox gives a plug-in two minutes; who saves a row should not wait for them.
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

        private readonly string app;
        private readonly string organization;
        private readonly string scope;

        public AskFnoLink(string unsecureConfiguration)
        {
            var said = (unsecureConfiguration ?? string.Empty).Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries);
            if (said.Length != 3)
            {
                throw new InvalidPluginExecutionException("The step's configuration is: APP-URL ORGANIZATION SCOPE");
            }

            this.app = said[0].TrimEnd('/');
            this.organization = said[1];
            this.scope = said[2];
        }

        public void Execute(IServiceProvider serviceProvider)
        {
            var context = (IPluginExecutionContext)serviceProvider.GetService(typeof(IPluginExecutionContext));
            var tracing = (ITracingService)serviceProvider.GetService(typeof(ITracingService));
            var identity = (IManagedIdentityService)serviceProvider.GetService(typeof(IManagedIdentityService));

            var link = Ask(identity.AcquireToken(new[] { this.scope }), tracing);
            if (link.State != "linked" || !link.Trusted)
            {
                throw new InvalidPluginExecutionException("This organization is not linked to an environment that is trusted.");
            }

            context.SharedVariables["FinanceAndOperationsUrl"] = link.Url;
        }

        private Link Ask(string token, ITracingService tracing)
        {
            using (var client = new HttpClient { Timeout = Patience })
            using (var request = new HttpRequestMessage(HttpMethod.Get, this.app + "/api/entra/organizations/" + Uri.EscapeDataString(this.organization) + "/link"))
            {
                // Sandboxes come and go: a connection that is kept alive is one that nobody closes.
                request.Headers.ConnectionClose = true;
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
                using (var response = client.SendAsync(request).GetAwaiter().GetResult())
                using (var body = response.Content.ReadAsStreamAsync().GetAwaiter().GetResult())
                {
                    tracing.Trace("fno-link answered {0}", (int)response.StatusCode);
                    if (response.StatusCode != HttpStatusCode.OK)
                    {
                        // 503: nobody knows now. That is not "not linked": let the step be tried again.
                        throw new InvalidPluginExecutionException("fno-link does not know the link now.");
                    }

                    return (Link)new DataContractJsonSerializer(typeof(Link)).ReadObject(body);
                }
            }
        }

        [DataContract]
        public sealed class Link
        {
            [DataMember(Name = "state")]
            public string State { get; set; }

            [DataMember(Name = "url")]
            public string Url { get; set; }

            [DataMember(Name = "trusted")]
            public bool Trusted { get; set; }
        }
    }
}
