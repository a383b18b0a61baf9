// Everything fno-link needs in Azure. docs/deploy.md says how to use it and what each parameter is for.
targetScope = 'subscription'

@minLength(1)
@maxLength(64)
@description('Name of the azd environment; the names of all resources follow from it.')
param environmentName string

@minLength(1)
@description('Azure region; one that offers Flex Consumption.')
@metadata({ azd: { type: 'location' } })
param location string

@description('Object id of whoever enters the secrets into Key Vault; azd fills in who is signed in. Empty: nobody.')
param principalId string = ''

@description('What principalId is.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param principalType string = 'User'

@description('Where it runs: the Flex Consumption plan, or Container Apps with an image of the Dockerfile.')
@allowed(['flexConsumption', 'containerApps'])
param hosting string = 'flexConsumption'

@description('For containerApps: the image in the registry that this template makes, NAME:TAG. Empty: the registry only.')
param containerImage string = ''

@description('Path of the configuration in the package.')
param configurationFile string = 'fno-link.toml'

@description('Organizations to which the app signs in with its managed identity, by their names in the configuration.')
param managedIdentityOrganizations array = []

@description('Origins whose pages may read the answers of the app in a browser, such as https://portal.example.com; none: CORS is off.')
param corsOrigins array = []

@description('Client id of the app registration that stands for fno-link: App Service authentication is on, before the app. Empty: off, and the app checks tokens itself. Flex Consumption only.')
param entraClientId string = ''

@description('For whom tokens are, as in `[entra] audiences` of the configuration: the Application ID URI and the client id.')
param entraAudiences array = []

@description('Which applications may show a token, as in `[[clients]] app_id` of the configuration.')
param entraApplications array = []

@description('App settings as they are, by name: client ids, URLs, whatever %SETTING% the configuration uses.')
param settings object = {}

@description('App settings whose values are secrets in Key Vault: the name of the secret by the name of the setting.')
param secretSettings object = {}

@description('Queues that fno-link reads, as `queue` of a service_bus source.')
param intakeQueues array = ['erp-events']

@description('Queues that fno-link writes: { name, sessions } each, as `queue` of a service_bus target.')
param deliveryQueues array = [{ name: 'orders', sessions: true }]

@description('Topics that fno-link reads: { name, subscriptions } each, as `topic` and `subscription` of service_bus sources.')
param intakeTopics array = [{ name: 'crm-events', subscriptions: ['fno-link'] }]

@description('Topics that fno-link writes, as `topic` of a service_bus target: { name, subscriptions } each. Without a subscription a topic drops what it gets.')
param deliveryTopics array = [{ name: 'invoices', subscriptions: ['all'] }]

@description('Finance & Operations and Dataverse send to the intake queues and topics themselves. They know SAS keys only.')
param dynamicsSendsToServiceBus bool = false

@description('HTTP requests that one instance takes at a time. Without a value Flex Consumption gives Python one.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 100

@description('Bytes of the largest HTTP body that the host reads: the largest max_body of the configuration, and a little.')
@minValue(1)
param largestBody int = 1114112

@description('HTTP instances that are always running: a cold start must not use up the ten seconds of a sender.')
@minValue(0)
param alwaysReadyHttp int = 1

@description('Instances of single functions that are always running, by the name of the function: { source_erp_bus: 1 }.')
param alwaysReadyFunctions object = {}

@description('How running instances are replaced: empty leaves it to the platform. RollingUpdate is a preview.')
@allowed(['', 'Recreate', 'RollingUpdate'])
param siteUpdateStrategy string = ''

@description('Memory of an instance in MB; the processor grows with it.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('How far the app may scale out.')
@minValue(40)
@maxValue(1000)
param maximumInstances int = 100

@description('Spread storage and instances over the zones of the region, where it has zones.')
param zoneRedundant bool = false

@description('Days after which claim-check blobs are deleted; longer than any delivery may be parked or tried again.')
@minValue(16)
param payloadRetentionDays int = 30

@description('Days that telemetry is kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('GB of telemetry a day, then none until the next day; -1: no limit.')
param logCapGB int = 5

@description('Azure asks for trouble by itself: the alert rules of docs/reference/queries.md. False: they are there, switched off.')
param alertRules bool = true

@description('Names of alert rules that stay switched off.')
param alertRulesOff array = []

@description('Resource ids of the action groups that alert rules tell. None: alerts are listed in the portal only.')
param alertActionGroups array = []

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-${token}'
    location: location
    tags: tags
  }
}

module monitoring 'monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: 'log-${token}'
    componentName: 'appi-${token}'
    location: location
    tags: tags
    identityPrincipalId: identity.outputs.principalId
    retentionDays: logRetentionDays
    capGB: logCapGB
  }
}

module watch 'alert-rules.bicep' = {
  name: 'alert-rules'
  scope: group
  params: {
    workspaceId: monitoring.outputs.workspaceId
    location: location
    tags: tags
    actionGroups: alertActionGroups
    on: alertRules
    off: alertRulesOff
  }
}

module storage 'storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'st${token}'
    location: location
    tags: tags
    identityPrincipalId: identity.outputs.principalId
    zoneRedundant: zoneRedundant
    payloadRetentionDays: payloadRetentionDays
  }
}

module serviceBus 'service-bus.bicep' = {
  name: 'service-bus'
  scope: group
  params: {
    name: 'sb-${token}'
    location: location
    tags: tags
    identityPrincipalId: identity.outputs.principalId
    intakeQueues: intakeQueues
    deliveryQueues: deliveryQueues
    intakeTopics: intakeTopics
    deliveryTopics: deliveryTopics
    dynamicsSends: dynamicsSendsToServiceBus
  }
}

module keyVault 'key-vault.bicep' = {
  name: 'key-vault'
  scope: group
  params: {
    name: 'kv-${token}'
    location: location
    tags: tags
    identityPrincipalId: identity.outputs.principalId
    operatorPrincipalId: principalId
    operatorPrincipalType: principalType
  }
}

module registry 'registry.bicep' = if (hosting == 'containerApps') {
  name: 'registry'
  scope: group
  params: {
    name: 'cr${token}'
    location: location
    tags: tags
    identityPrincipalId: identity.outputs.principalId
  }
}

module container 'container-app.bicep' = if (hosting == 'containerApps' && !empty(containerImage)) {
  name: 'container-app'
  scope: group
  params: {
    name: 'ca-${token}'
    environmentName: 'cae-${token}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    blobEndpoint: storage.outputs.blobEndpoint
    queueEndpoint: storage.outputs.queueEndpoint
    tableEndpoint: storage.outputs.tableEndpoint
    serviceBusHost: serviceBus.outputs.host
    vaultUri: keyVault.outputs.uri
    insightsConnectionString: monitoring.outputs.connectionString
    registryHost: registry!.outputs.host
    image: containerImage
    configurationFile: configurationFile
    managedIdentityOrganizations: managedIdentityOrganizations
    corsOrigins: corsOrigins
    settings: settings
    secretSettings: secretSettings
    largestBody: largestBody
    leastReplicas: alwaysReadyHttp
    mostReplicas: maximumInstances
  }
}

module worker 'worker.bicep' = if (hosting == 'flexConsumption') {
  name: 'worker'
  scope: group
  params: {
    name: 'func-${token}'
    planName: 'plan-${token}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    blobEndpoint: storage.outputs.blobEndpoint
    queueEndpoint: storage.outputs.queueEndpoint
    tableEndpoint: storage.outputs.tableEndpoint
    packageContainer: storage.outputs.packageContainer
    serviceBusHost: serviceBus.outputs.host
    vaultUri: keyVault.outputs.uri
    insightsConnectionString: monitoring.outputs.connectionString
    configurationFile: configurationFile
    managedIdentityOrganizations: managedIdentityOrganizations
    corsOrigins: corsOrigins
    entraClientId: entraClientId
    entraAudiences: entraAudiences
    entraApplications: entraApplications
    settings: settings
    secretSettings: secretSettings
    httpConcurrency: httpConcurrency
    largestBody: largestBody
    alwaysReadyHttp: alwaysReadyHttp
    alwaysReadyFunctions: alwaysReadyFunctions
    siteUpdateStrategy: siteUpdateStrategy
    instanceMemoryMB: instanceMemoryMB
    maximumInstances: maximumInstances
    zoneRedundant: zoneRedundant
  }
}

@description('Resource group of everything.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app.')
output FUNCTION_APP_NAME string = hosting == 'flexConsumption' ? worker!.outputs.name : empty(containerImage) ? '' : container!.outputs.name

@description('Where the function app answers.')
output FUNCTION_APP_URL string = hosting == 'flexConsumption' ? worker!.outputs.url : empty(containerImage) ? '' : container!.outputs.url

@description('The registry that takes the image, for Container Apps.')
output CONTAINER_REGISTRY string = hosting == 'containerApps' ? registry!.outputs.host : ''

@description('Application (client) id of the managed identity: the application user in Dataverse.')
output IDENTITY_CLIENT_ID string = identity.outputs.clientId

@description('The vault into which the secrets go.')
output KEY_VAULT_NAME string = keyVault.outputs.name

@description('The account of queues, tables, dead letters and payloads.')
output STORAGE_ACCOUNT_NAME string = storage.outputs.name

@description('The Service Bus namespace.')
output SERVICE_BUS_NAMESPACE string = serviceBus.outputs.name
