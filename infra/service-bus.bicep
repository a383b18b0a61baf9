// Queues in and out. The app reads and writes by role, queue by queue.
param name string
param location string
param tags object
param identityPrincipalId string
param intakeQueues array
param deliveryQueues array
// Local authentication is a switch of the whole namespace. Finance & Operations and Dataverse can only send with a SAS
// key; for them it is on, and each intake queue has a rule that may send and nothing else.
param dynamicsSends bool

var serviceBusDataReceiver = '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
var serviceBusDataSender = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Standard' }
  properties: {
    disableLocalAuth: !dynamicsSends
    minimumTlsVersion: '1.2'
  }
}

// Without sessions and without duplicate detection: the senders set neither SessionId nor a stable MessageId.
resource intake 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = [for queue in intakeQueues: {
  parent: namespace
  name: queue
  properties: {
    lockDuration: 'PT1M'
    maxDeliveryCount: 20
    defaultMessageTimeToLive: 'P14D'
    deadLetteringOnMessageExpiration: true
  }
}]

// With duplicate detection: a delivery that is tried again keeps its MessageId.
resource delivery 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = [for queue in deliveryQueues: {
  parent: namespace
  name: queue.name
  properties: {
    requiresSession: queue.sessions
    requiresDuplicateDetection: true
    duplicateDetectionHistoryTimeWindow: 'PT1H'
    lockDuration: 'PT1M'
    defaultMessageTimeToLive: 'P14D'
    deadLetteringOnMessageExpiration: true
  }
}]

resource dynamics 'Microsoft.ServiceBus/namespaces/queues/authorizationRules@2024-01-01' = [for (queue, i) in intakeQueues: if (dynamicsSends) {
  parent: intake[i]
  name: 'dynamics-send'
  properties: { rights: ['Send'] }
}]

resource receive 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (queue, i) in intakeQueues: {
  name: guid(intake[i].id, identityPrincipalId, serviceBusDataReceiver)
  scope: intake[i]
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataReceiver)
  }
}]

resource send 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (queue, i) in deliveryQueues: {
  name: guid(delivery[i].id, identityPrincipalId, serviceBusDataSender)
  scope: delivery[i]
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataSender)
  }
}]

output name string = namespace.name
output host string = split(replace(namespace.properties.serviceBusEndpoint, 'https://', ''), ':')[0]
