// Queues and topics in and out. The app reads and writes by role, entity by entity.
param name string
param location string
param tags object
param identityPrincipalId string
param intakeQueues array
param deliveryQueues array
param intakeTopics array
param deliveryTopics array
// Local authentication is a switch of the whole namespace. Finance & Operations and Dataverse can only send with a SAS
// key; for them it is on, and each intake queue and topic has a rule that may send and nothing else.
param dynamicsSends bool

var serviceBusDataReceiver = '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
var serviceBusDataSender = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'

var intakeSubscriptions = flatten(map(intakeTopics, topic => map(topic.subscriptions, each => { topic: topic.name, name: each })))
var deliverySubscriptions = flatten(map(deliveryTopics, topic => map(topic.subscriptions, each => { topic: topic.name, name: each })))

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

resource intakeTopic 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' = [for topic in intakeTopics: {
  parent: namespace
  name: topic.name
  properties: { defaultMessageTimeToLive: 'P14D' }
}]

resource intakeSubscription 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' = [for each in intakeSubscriptions: {
  name: '${name}/${each.topic}/${each.name}'
  dependsOn: [namespace, intakeTopic]
  properties: {
    lockDuration: 'PT1M'
    maxDeliveryCount: 20
    defaultMessageTimeToLive: 'P14D'
    deadLetteringOnMessageExpiration: true
    deadLetteringOnFilterEvaluationExceptions: true
  }
}]

resource deliveryTopic 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' = [for topic in deliveryTopics: {
  parent: namespace
  name: topic.name
  properties: {
    requiresDuplicateDetection: true
    duplicateDetectionHistoryTimeWindow: 'PT1H'
    defaultMessageTimeToLive: 'P14D'
  }
}]

resource deliverySubscription 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' = [for each in deliverySubscriptions: {
  name: '${name}/${each.topic}/${each.name}'
  dependsOn: [namespace, deliveryTopic]
  properties: {
    lockDuration: 'PT1M'
    defaultMessageTimeToLive: 'P14D'
    deadLetteringOnMessageExpiration: true
    deadLetteringOnFilterEvaluationExceptions: true
  }
}]

resource dynamicsTopic 'Microsoft.ServiceBus/namespaces/topics/authorizationRules@2024-01-01' = [for (topic, i) in intakeTopics: if (dynamicsSends) {
  parent: intakeTopic[i]
  name: 'dynamics-send'
  properties: { rights: ['Send'] }
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

resource receiveSubscription 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (each, i) in intakeSubscriptions: {
  name: guid(intakeSubscription[i].id, identityPrincipalId, serviceBusDataReceiver)
  scope: intakeSubscription[i]
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataReceiver)
  }
}]

resource sendTopic 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (topic, i) in deliveryTopics: {
  name: guid(deliveryTopic[i].id, identityPrincipalId, serviceBusDataSender)
  scope: deliveryTopic[i]
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataSender)
  }
}]

output name string = namespace.name
output host string = split(replace(namespace.properties.serviceBusEndpoint, 'https://', ''), ':')[0]
