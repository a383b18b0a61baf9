// Alert rules: each is a log search over the workspace, which fires while it finds something. They and the workbook are
// written by scripts/runbook.py from queries.toml; docs/reference/queries.md shows them.
param workspaceId string
param location string
param tags object
param actionGroups array
param on bool
param off array

var rules = loadJsonContent('alert-rules.json')

// Without validation of the queries: the tables of a new workspace come to be with their first record.
resource alertRules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: 'fno-link-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rule.displayName
      description: rule.description
      severity: rule.severity
      enabled: on && !contains(off, rule.name)
      scopes: [workspaceId]
      evaluationFrequency: rule.evaluationFrequency
      windowSize: rule.windowSize
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            dimensions: map(rule.dimensions, name => { name: name, operator: 'Include', values: ['*'] })
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      autoMitigate: true
      skipQueryValidation: true
      actions: { actionGroups: actionGroups }
    }
  }
]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspaceId, 'fno-link')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'fno-link'
    category: 'workbook'
    sourceId: workspaceId
    version: '1.0'
    serializedData: string(union(loadJsonContent('workbook.json'), { fallbackResourceIds: [workspaceId] }))
  }
}
