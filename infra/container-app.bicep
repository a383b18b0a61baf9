// The function app on Container Apps (`kind: functionapp`): the platform makes the scale rules from the triggers. The app
// settings are those of worker.bicep; what differs is said where it does.
param name string
param environmentName string
param location string
param tags object
param identityId string
param identityClientId string
param blobEndpoint string
param queueEndpoint string
param tableEndpoint string
param serviceBusHost string
param vaultUri string
param insightsConnectionString string
param registryHost string
param image string
param configurationFile string
param managedIdentityOrganizations array
param corsOrigins array
param settings object
param secretSettings object
param largestBody int
param leastReplicas int
param mostReplicas int

// AzureFunctionsWebHost__hostid: replicas have names of their own, and keys and leases are those of one app.
var hostSettings = {
  AzureFunctionsWebHost__hostid: 'fno-link'
  AzureWebJobsStorage__blobServiceUri: blobEndpoint
  AzureWebJobsStorage__queueServiceUri: queueEndpoint
  AzureWebJobsStorage__tableServiceUri: tableEndpoint
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  ServiceBus__fullyQualifiedNamespace: serviceBusHost
  ServiceBus__credential: 'managedidentity'
  ServiceBus__clientId: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  FNO_LINK_CONFIG: configurationFile
  FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: string(largestBody)
}

// A client id without a secret and without a certificate: the managed identity of that id.
var identitySettings = toObject(
  managedIdentityOrganizations,
  organization => 'FNO_LINK_${toUpper(replace(organization, '-', '_'))}_CLIENT_ID',
  organization => identityClientId
)

// What this template says wins over `settings`; a secret is an environment variable that a secret of the app fills.
var plain = map(
  items(union(settings, identitySettings, hostSettings)),
  each => { name: each.key, value: each.value }
)
var secret = map(items(secretSettings), each => { name: each.key, secretRef: toLower(each.value) })

// Standard output can be followed live; telemetry goes to Application Insights. A diagnostic setting keeps the rest.
resource environment 'Microsoft.App/managedEnvironments@2026-07-01' = {
  name: environmentName
  location: location
  tags: tags
  properties: {
    appLogsConfiguration: { destination: 'azure-monitor' }
    workloadProfiles: [{ name: 'Consumption', workloadProfileType: 'Consumption' }]
  }
}

resource app 'Microsoft.App/containerApps@2026-07-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    environmentId: environment.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: {
        external: true
        targetPort: 8080
        transport: 'auto'
        allowInsecure: false
        // Answered by the ingress, before keys and functions. No cookies: callers show keys or tokens in headers.
        corsPolicy: empty(corsOrigins) ? null : {
          allowedOrigins: corsOrigins
          allowedMethods: ['GET', 'POST', 'DELETE']
          allowedHeaders: ['*']
          exposeHeaders: ['ETag', 'Location', 'Retry-After', 'Deprecation', 'Sunset', 'Link']
          allowCredentials: false
        }
      }
      registries: [{ server: registryHost, identity: identityId }]
      secrets: map(items(secretSettings), each => {
        name: toLower(each.value)
        keyVaultUrl: '${vaultUri}secrets/${each.value}'
        identity: identityId
      })
    }
    template: {
      terminationGracePeriodSeconds: 60
      containers: [
        {
          name: 'fno-link'
          image: '${registryHost}/${image}'
          resources: { cpu: json('0.5'), memory: '1Gi' }
          env: concat(plain, secret)
          probes: [
            {
              type: 'Startup'
              httpGet: { path: '/api/health?live=true', port: 8080 }
              periodSeconds: 5
              timeoutSeconds: 5
              failureThreshold: 60
            }
            {
              type: 'Liveness'
              httpGet: { path: '/api/health?live=true', port: 8080 }
              periodSeconds: 20
              timeoutSeconds: 10
              failureThreshold: 3
            }
          ]
        }
      ]
      // Timers wake nobody: one replica is always there.
      scale: {
        minReplicas: max(1, leastReplicas)
        maxReplicas: mostReplicas
      }
    }
  }
}

output name string = app.name
output url string = 'https://${app.properties.configuration.ingress.fqdn}'
