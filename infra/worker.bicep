// The function app on Flex Consumption, and its app settings under the names that the code and the host read.
param name string
param planName string
param location string
param tags object
param identityId string
param identityClientId string
param blobEndpoint string
param queueEndpoint string
param tableEndpoint string
param packageContainer string
param serviceBusHost string
param vaultUri string
param insightsConnectionString string
param configurationFile string
param managedIdentityOrganizations array
param corsOrigins array
param entraClientId string
param entraAudiences array
param entraApplications array
param settings object
param secretSettings object
param httpConcurrency int
param largestBody int
param alwaysReadyHttp int
param alwaysReadyFunctions object
param siteUpdateStrategy string
param instanceMemoryMB int
param maximumInstances int
param zoneRedundant bool

// FUNCTIONS_WORKER_RUNTIME and FUNCTIONS_EXTENSION_VERSION are not here: on this plan functionAppConfig says them.
var hostSettings = {
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

// Only where App Service authentication stands before the app are its headers to be believed.
var entraSettings = empty(entraClientId) ? {} : { FNO_LINK_EASY_AUTH: 'true' }

// `http` is the group of all HTTP functions; every other function is a group of its own.
var alwaysReadyGroups = union(alwaysReadyHttp > 0 ? { http: alwaysReadyHttp } : {}, toObject(
  items(alwaysReadyFunctions),
  each => 'function:${each.key}',
  each => each.value
))

var updateStrategy = empty(siteUpdateStrategy) ? {} : { siteUpdateStrategy: { type: siteUpdateStrategy } }

// The slash at the end stands for the newest version of the secret.
var references = toObject(
  items(secretSettings),
  each => each.key,
  each => '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${each.value}/)'
)

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'worker' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    keyVaultReferenceIdentity: identityId
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      // Answered by the platform, before keys and functions. No cookies: callers show keys or tokens in headers.
      cors: { allowedOrigins: corsOrigins, supportCredentials: false }
    }
    functionAppConfig: union(updateStrategy, {
      runtime: { name: 'python', version: '3.13' }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${blobEndpoint}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstances
        alwaysReady: map(items(alwaysReadyGroups), each => { name: each.key, instanceCount: each.value })
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
    })
  }
}

// What the platform and this template say wins over `settings`: a parameter cannot redirect the host's storage.
resource appSettings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'appsettings'
  properties: union(settings, references, identitySettings, entraSettings, hostSettings)
}

// Who shows no token goes on to the app, which asks for a key, or at /api/entra refuses. What senders and the platform
// call is left out altogether: a header `Authorization` of theirs is none of Entra's.
resource authentication 'Microsoft.Web/sites/config@2024-11-01' = if (!empty(entraClientId)) {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true }
    globalValidation: {
      requireAuthentication: false
      unauthenticatedClientAction: 'AllowAnonymous'
      excludedPaths: ['/api/events', '/api/health', '/runtime/webhooks', '/admin']
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: entraClientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: entraAudiences
          defaultAuthorizationPolicy: { allowedApplications: entraApplications }
        }
      }
    }
    login: { tokenStore: { enabled: false } }
  }
}

// Deployments come with a token, never with a publishing password.
resource scmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

resource ftpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
