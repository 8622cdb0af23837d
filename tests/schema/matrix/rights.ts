/**
 * Who may do what: one row per operation, one column per relation to its subject. The first words of a row are the root
 * field, or the type's field, that it is about.
 *
 *   ✓    done, or visible          F  FORBIDDEN           V  VALIDATION_FAILED
 *   own  their own part of it      N  NOT_FOUND           C  CONFLICT
 *   ·    an answer without it      U  UNAUTHENTICATED     -  impossible
 *
 * `lead` is the team's owner, `viewer+E` a VIEWER with an EDIT share, `lapsed` a person with an expired share. `former`
 * created the task while they were in the team. `invited` has a verified address, `unverified` has not.
 */
export const rights = {
  'a task of a team': `
                               | owner assignee lead admin member viewer viewer+E VIEW EDIT lapsed former stranger nobody
    task                       | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    N      N      N        U
    task, live                 | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    N      N      N        U
    tasks                      | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ·      ·      ·        U
    tasks by a text            | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ·      ·      ·        U
    TaskGroup.tasks            | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ·      ·      ·        U
    tasks by words             | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ·      ·      ·        U
    tasks of its team          | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ·    ·    ·      ·      ·        U
    tasks under its parent     | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ·    ·    ·      ·      ·        U
    tasks shared with one      | ·     ·        ·    ·     ·      ·      ✓        ✓    ✓    ·      ·      ·        U
    tasks owned or assigned    | ✓     ✓        ·    ·     ·      ·      ·        ·    ·    ·      ·      ·        U
    tasks.totalCount           | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ·      ·      ·        U
    node Task                  | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ·      ·      ·        U
    nodes Task                 | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ·      ·      ·        U
    node Comment               | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ·      ·      ·        U
    node TaskShare             | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ·    ·    ·      ·      ·        U
    search a task              | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ·      ·      ·        U
    search a comment           | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ·      ·      ·        U
    activity                   | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ·      ·      ·        U
    activity with its comments | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ·      ·      ·        U
    activity of those refused  | ·     ·        ·    ·     ·      ·      ·        ·    ·    ·      ·      ·        U
    Task.team                  | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ·    ·    N      N      N        U
    Task.parent                | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ·    ·    N      N      N        U
    Task.subtasks              | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ·    ·    N      N      N        U
    Task.comments              | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    N      N      N        U
    Task.shares                | ✓     ✓        ✓    ✓     ✓      ✓      ✓        own  own  N      N      N        U
    Task.shareOffers           | ✓     ·        ✓    ✓     ·      ·      ·        ·    ·    N      N      N        U
    node ShareOffer            | ✓     ·        ✓    ✓     ·      ·      ·        ·    ·    ·      ·      ·        U
    node ShareOffer to oneself | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ✓      ✓      ✓        -
    shareOffer by its link     | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ✓      ✓      ✓        U
    updateTask                 | ✓     ✓        ✓    ✓     F      F      ✓        F    ✓    N      N      N        U
    updateTasks                | ✓     ✓        ✓    ✓     F      F      ✓        F    ✓    N      N      N        U
    completeTask               | ✓     ✓        ✓    ✓     F      F      ✓        F    ✓    N      N      N        U
    reopenTask                 | ✓     ✓        ✓    ✓     F      F      ✓        F    ✓    N      N      N        U
    moveTask                   | ✓     ✓        ✓    ✓     F      F      ✓        F    ✓    N      N      N        U
    moveTask behind it         | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    N      N      N        U
    moveTask ahead of it       | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    N      N      N        U
    archiveTask                | ✓     ✓        ✓    ✓     F      F      ✓        F    ✓    N      N      N        U
    updateTask to another person| ✓    ✓        ✓    ✓     F      F      F        F    F    N      N      N        U
    updateTask to no assignee  | ✓     ✓        ✓    ✓     F      F      F        F    F    N      N      N        U
    updateTask out of its team | ✓     F        F    F     F      F      F        F    F    N      N      N        U
    updateTask into another    | ✓     F        ✓    ✓     F      F      F        F    F    N      N      N        U
    deleteTask                 | ✓     ✓        ✓    ✓     F      F      F        F    F    N      N      N        U
    deleteTasks                | ✓     ✓        ✓    ✓     F      F      F        F    F    N      N      N        U
    createTask under it        | ✓     ✓        ✓    ✓     F      F      ✓        F    ✓    N      N      N        U
    createTasks under it       | ✓     ✓        ✓    ✓     F      F      ✓        F    ✓    N      N      N        U
    updateTask under it        | ✓     ✓        ✓    ✓     F      F      ✓        F    ✓    N      N      N        U
    updateTasks under it       | ✓     ✓        ✓    ✓     F      F      ✓        F    ✓    N      N      N        U
    createTask by its id       | C     C        C    C     C      C      C        C    C    C      C      C        U
    shareTask                  | ✓     F        ✓    ✓     F      F      F        F    F    N      N      N        U
    updateShare                | ✓     F        ✓    ✓     F      F      F        N    N    N      N      N        U
    updateShare to oneself     | -     -        -    -     -      -      F        F    F    N      -      -        -
    revokeShare                | ✓     F        ✓    ✓     F      F      F        N    N    N      N      N        U
    revokeShare to oneself     | -     -        -    -     -      -      ✓        ✓    ✓    N      -      -        -
    acceptShare                | N     N        N    N     N      N      N        N    N    N      N      N        U
    acceptShare to oneself     | C     ✓        C    C     ✓      ✓      C        C    C    ✓      N      ✓        -
    acceptShare by its link    | C     ✓        C    C     ✓      ✓      C        C    C    ✓      N      ✓        U
    refuseShare                | N     N        N    N     N      N      N        N    N    N      N      N        U
    refuseShare to oneself     | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ✓      ✓      ✓        -
    refuseShare by its link    | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ✓      ✓      ✓        U
    revokeShareOffer           | ✓     N        ✓    ✓     N      N      N        N    N    N      N      N        U
    revokeShareOffer to oneself| ✓     F        ✓    ✓     F      F      F        F    F    F      F      F        -
    addComment                 | ✓     ✓        ✓    ✓     ✓      F      ✓        F    ✓    N      N      N        U
    updateComment              | F     F        F    F     F      F      F        F    F    N      N      N        U
    updateComment by oneself   | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    N      N      N        -
    deleteComment              | ✓     F        ✓    ✓     F      F      F        F    F    N      N      N        U
    deleteComment by oneself   | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    N      N      N        -`,

  'a task of one’s own, where the others are in its owner’s team': `
                               | owner assignee lead admin member viewer viewer+E VIEW EDIT lapsed former stranger nobody
    task                       | ✓     ✓        N    N     N      N      ✓        ✓    ✓    N      N      N        U
    task, live                 | ✓     ✓        N    N     N      N      ✓        ✓    ✓    N      N      N        U
    tasks                      | ✓     ✓        ·    ·     ·      ·      ✓        ✓    ✓    ·      ·      ·        U
    tasks by a text            | ✓     ✓        ·    ·     ·      ·      ✓        ✓    ✓    ·      ·      ·        U
    TaskGroup.tasks            | ✓     ✓        ·    ·     ·      ·      ✓        ✓    ✓    ·      ·      ·        U
    tasks by words             | ✓     ✓        ·    ·     ·      ·      ✓        ✓    ✓    ·      ·      ·        U
    tasks under its parent     | ✓     ·        ·    ·     ·      ·      ·        ·    ·    ·      ·      ·        U
    tasks shared with one      | ·     ✓        ·    ·     ·      ·      ✓        ✓    ✓    ·      ·      ·        U
    tasks owned or assigned    | ✓     ✓        ·    ·     ·      ·      ·        ·    ·    ·      ·      ·        U
    tasks.totalCount           | ✓     ✓        ·    ·     ·      ·      ✓        ✓    ✓    ·      ·      ·        U
    node Task                  | ✓     ✓        ·    ·     ·      ·      ✓        ✓    ✓    ·      ·      ·        U
    nodes Task                 | ✓     ✓        ·    ·     ·      ·      ✓        ✓    ✓    ·      ·      ·        U
    node Comment               | ✓     ✓        ·    ·     ·      ·      ✓        ✓    ✓    ·      ·      ·        U
    node TaskShare             | ✓     ·        ·    ·     ·      ·      ·        ·    ·    ·      ·      ·        U
    search a task              | ✓     ✓        ·    ·     ·      ·      ✓        ✓    ✓    ·      ·      ·        U
    search a comment           | ✓     ✓        ·    ·     ·      ·      ✓        ✓    ✓    ·      ·      ·        U
    activity                   | ✓     ✓        ·    ·     ·      ·      ✓        ✓    ✓    ·      ·      ·        U
    activity with its comments | ✓     ✓        ·    ·     ·      ·      ✓        ✓    ✓    ·      ·      ·        U
    activity of those refused  | ·     ·        ·    ·     ·      ·      ·        ·    ·    ·      ·      ·        U
    Task.parent                | ✓     ·        N    N     N      N      ·        ·    ·    N      N      N        U
    Task.subtasks              | ✓     ·        N    N     N      N      ·        ·    ·    N      N      N        U
    Task.comments              | ✓     ✓        N    N     N      N      ✓        ✓    ✓    N      N      N        U
    Task.shares                | ✓     own      N    N     N      N      own      own  own  N      N      N        U
    Task.shareOffers           | ✓     ·        N    N     N      N      ·        ·    ·    N      N      N        U
    node ShareOffer            | ✓     ·        ·    ·     ·      ·      ·        ·    ·    ·      ·      ·        U
    node ShareOffer to oneself | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ✓      ✓      ✓        -
    shareOffer by its link     | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ✓      ✓      ✓        U
    updateTask                 | ✓     F        N    N     N      N      ✓        F    ✓    N      N      N        U
    updateTasks                | ✓     F        N    N     N      N      ✓        F    ✓    N      N      N        U
    completeTask               | ✓     F        N    N     N      N      ✓        F    ✓    N      N      N        U
    reopenTask                 | ✓     F        N    N     N      N      ✓        F    ✓    N      N      N        U
    moveTask                   | ✓     F        N    N     N      N      ✓        F    ✓    N      N      N        U
    moveTask behind it         | ✓     ✓        N    N     N      N      ✓        ✓    ✓    N      N      N        U
    archiveTask                | ✓     F        N    N     N      N      ✓        F    ✓    N      N      N        U
    updateTask to another person| ✓    F        N    N     N      N      F        F    F    N      N      N        U
    updateTask to no assignee  | ✓     F        N    N     N      N      F        F    F    N      N      N        U
    updateTask into a team     | ✓     F        N    N     N      N      F        F    F    N      N      N        U
    deleteTask                 | ✓     F        N    N     N      N      F        F    F    N      N      N        U
    deleteTasks                | ✓     F        N    N     N      N      F        F    F    N      N      N        U
    createTask under it        | ✓     F        N    N     N      N      ✓        F    ✓    N      N      N        U
    updateTask under it        | ✓     F        N    N     N      N      ✓        F    ✓    N      N      N        U
    createTask by its id       | C     C        C    C     C      C      C        C    C    C      C      C        U
    shareTask                  | ✓     F        N    N     N      N      F        F    F    N      N      N        U
    updateShare                | ✓     N        N    N     N      N      N        N    N    N      N      N        U
    updateShare to oneself     | -     F        -    -     -      -      F        F    F    N      -      -        -
    revokeShare                | ✓     N        N    N     N      N      N        N    N    N      N      N        U
    revokeShare to oneself     | -     ✓        -    -     -      -      ✓        ✓    ✓    N      -      -        -
    acceptShare                | N     N        N    N     N      N      N        N    N    N      N      N        U
    acceptShare to oneself     | C     C        ✓    ✓     ✓      ✓      C        C    C    ✓      ✓      ✓        -
    acceptShare by its link    | C     C        ✓    ✓     ✓      ✓      C        C    C    ✓      ✓      ✓        U
    refuseShare                | N     N        N    N     N      N      N        N    N    N      N      N        U
    refuseShare to oneself     | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ✓      ✓      ✓        -
    refuseShare by its link    | ✓     ✓        ✓    ✓     ✓      ✓      ✓        ✓    ✓    ✓      ✓      ✓        U
    revokeShareOffer           | ✓     N        N    N     N      N      N        N    N    N      N      N        U
    revokeShareOffer to oneself| ✓     F        F    F     F      F      F        F    F    F      F      F        -
    addComment                 | ✓     F        N    N     N      N      ✓        F    ✓    N      N      N        U
    updateComment              | F     F        N    N     N      N      F        F    F    N      N      N        U
    updateComment by oneself   | ✓     ✓        N    N     N      N      ✓        ✓    ✓    N      N      N        -
    deleteComment              | ✓     F        N    N     N      N      F        F    F    N      N      N        U
    deleteComment by oneself   | ✓     ✓        N    N     N      N      ✓        ✓    ✓    N      N      N        -`,

  'a task of a team in the trash': `
                               | owner assignee lead admin member viewer viewer+E VIEW EDIT lapsed former stranger nobody
    task in the trash          | N     N        N    N     N      N      N        N    N    N      N      N        U
    trashedTask                | ✓     ✓        ✓    ✓     N      N      N        N    N    N      N      N        U
    updateTask in the trash    | N     N        N    N     N      N      N        N    N    N      N      N        U
    createTask by its id       | C     C        C    C     C      C      C        C    C    C      C      C        U
    restoreTask                | ✓     ✓        ✓    ✓     N      N      N        N    N    N      N      N        U
    restoreTasks               | ✓     ✓        ✓    ✓     N      N      N        N    N    N      N      N        U
    purgeTask                  | ✓     ✓        ✓    ✓     N      N      N        N    N    N      N      N        U
    purgeTasks                 | ✓     ✓        ✓    ✓     N      N      N        N    N    N      N      N        U`,

  'a task of one’s own in the trash': `
                               | owner assignee lead admin member viewer viewer+E VIEW EDIT lapsed former stranger nobody
    task in the trash          | N     N        N    N     N      N      N        N    N    N      N      N        U
    trashedTask                | ✓     N        N    N     N      N      N        N    N    N      N      N        U
    updateTask in the trash    | N     N        N    N     N      N      N        N    N    N      N      N        U
    createTask by its id       | C     C        C    C     C      C      C        C    C    C      C      C        U
    restoreTask                | ✓     N        N    N     N      N      N        N    N    N      N      N        U
    restoreTasks               | ✓     N        N    N     N      N      N        N    N    N      N      N        U
    purgeTask                  | ✓     N        N    N     N      N      N        N    N    N      N      N        U
    purgeTasks                 | ✓     N        N    N     N      N      N        N    N    N      N      N        U`,

  'a team, where VIEW is a share of one of its tasks': `
                                  | lead admin member viewer invited unverified VIEW former stranger nobody
    team                          | ✓    ✓     ✓      ✓      N       N          N    N      N        U
    team by its slug              | ✓    ✓     ✓      ✓      N       N          N    N      N        U
    teams                         | ✓    ✓     ✓      ✓      ·       ·          ·    ·      ·        U
    teams.totalCount              | ✓    ✓     ✓      ✓      ·       ·          ·    ·      ·        U
    tasks of it                   | ✓    ✓     ✓      ✓      ·       ·          ·    ·      ·        U
    trash of it                   | ✓    ✓     ·      ·      N       N          N    N      N        U
    tasks by its slug             | ✓    ✓     ✓      ✓      V       V          V    V      V        U
    activity                      | ✓    ✓     ✓      ✓      ·       ·          ·    ·      ·        U
    labels of it                  | ✓    ✓     ✓      ✓      N       N          N    N      N        U
    dashboard of it               | ✓    ✓     ✓      ✓      N       N          N    N      N        U
    node Team                     | ✓    ✓     ✓      ✓      ·       ·          ·    ·      ·        U
    nodes Team                    | ✓    ✓     ✓      ✓      ·       ·          ·    ·      ·        U
    node Membership               | ✓    ✓     ✓      ✓      ·       ·          ·    ·      ·        U
    node TeamInvitation           | ✓    ✓     ·      ·      ·       ·          ·    ·      ·        U
    node TeamInvitation to oneself| -    -     -      -      ✓       ·          -    -      -        -
    node User in it               | ✓    ✓     ✓      ✓      ·       ·          ·    ·      ·        U
    Team.members                  | ✓    ✓     ✓      ✓      N       N          N    N      N        U
    Team.invitations              | ✓    ✓     ·      ·      N       N          N    N      N        U
    User.invitations to oneself   | -    -     -      -      ✓       ·          -    -      -        -
    invitation by its link        | ✓    ✓     ✓      ✓      ✓       ✓          ✓    ✓      ✓        U
    createTask in it              | ✓    ✓     ✓      F      N       N          N    N      N        U
    createTasks in it             | ✓    ✓     ✓      F      N       N          N    N      N        U
    updateTask into it            | ✓    ✓     ✓      F      N       N          N    N      N        U
    updateTasks into it           | ✓    ✓     ✓      F      N       N          N    N      N        U
    createApiToken of it          | ✓    ✓     ✓      ✓      N       N          N    N      N        U
    views of it                   | ✓    ✓     ✓      ✓      N       N          N    N      N        U
    View.tasks                    | ✓    ✓     ✓      ✓      ·       ·          ·    ·      ·        U
    createView of it              | ✓    ✓     ✓      F      N       N          N    N      N        U
    customDashboards of it        | ✓    ✓     ✓      ✓      N       N          N    N      N        U
    CustomDashboard.widgets       | ✓    ✓     ✓      ✓      ·       ·          ·    ·      ·        U
    createCustomDashboard of it   | ✓    ✓     ✓      F      N       N          N    N      N        U
    customDashboard               | ✓    ✓     ✓      ✓      N       N          N    N      N        U
    node CustomDashboard          | ✓    ✓     ✓      ✓      ·       ·          ·    ·      ·        U
    updateCustomDashboard         | ✓    ✓     ✓      F      N       N          N    N      N        U
    duplicateCustomDashboard      | ✓    ✓     ✓      F      N       N          N    N      N        U
    deleteCustomDashboard         | ✓    ✓     ✓      F      N       N          N    N      N        U
    node View                     | ✓    ✓     ✓      ✓      ·       ·          ·    ·      ·        U
    updateView                    | ✓    ✓     ✓      F      N       N          N    N      N        U
    deleteView                    | ✓    ✓     ✓      F      N       N          N    N      N        U
    webhooks of it                | ✓    ✓     N      N      N       N          N    N      N        U
    createWebhook of it           | ✓    ✓     F      F      N       N          N    N      N        U
    node Webhook                  | ✓    ✓     ·      ·      ·       ·          ·    ·      ·        U
    node WebhookDelivery          | ✓    ✓     ·      ·      ·       ·          ·    ·      ·        U
    Webhook.deliveries            | ✓    ✓     ·      ·      ·       ·          ·    ·      ·        U
    updateWebhook                 | ✓    ✓     N      N      N       N          N    N      N        U
    rotateWebhookSecret           | ✓    ✓     N      N      N       N          N    N      N        U
    deleteWebhook                 | ✓    ✓     N      N      N       N          N    N      N        U
    testWebhook                   | C    C     N      N      N       N          N    N      N        U
    redeliverWebhook              | C    C     N      N      N       N          N    N      N        U
    replayWebhook                 | V    V     N      N      N       N          N    N      N        U
    updateTeam                    | ✓    ✓     F      F      N       N          N    N      N        U
    deleteTeam                    | ✓    F     F      F      N       N          N    N      N        U
    transferOwnership             | ✓    F     F      F      N       N          N    N      N        U
    transferOwnership to outside  | N    F     F      F      N       N          N    N      N        U
    transferOwnership to oneself  | V    F     F      F      N       N          N    N      N        -
    leaveTeam                     | F    ✓     ✓      ✓      N       N          N    N      N        U
    inviteMember                  | ✓    ✓     F      F      N       N          N    N      N        U
    inviteMember as an admin      | ✓    F     F      F      N       N          N    N      N        U
    inviteMember who is one       | C    C     F      F      N       N          N    N      N        U
    inviteMember again, an admin  | ✓    F     F      F      N       N          N    N      N        U
    acceptInvitation              | F    F     N      N      N       N          N    N      N        U
    acceptInvitation to oneself   | -    -     -      -      ✓       N          -    -      -        -
    acceptInvitation by its link  | C    C     C      C      ✓       ✓          ✓    ✓      ✓        U
    revokeInvitation              | ✓    ✓     N      N      N       N          N    N      N        U
    revokeInvitation of an admin  | ✓    F     N      N      N       N          N    N      N        U
    revokeInvitation to oneself   | -    -     -      -      ✓       N          -    -      -        -
    revokeInvitation by its link  | ✓    ✓     ✓      ✓      ✓       ✓          ✓    ✓      ✓        U
    changeRole of the owner       | F    F     F      F      N       N          N    N      N        U
    changeRole of an admin        | ✓    F     F      F      N       N          N    N      N        U
    changeRole of a member        | ✓    ✓     F      F      N       N          N    N      N        U
    changeRole to an admin        | ✓    F     F      F      N       N          N    N      N        U
    changeRole of a viewer        | ✓    ✓     F      F      N       N          N    N      N        U
    changeRole of oneself         | F    F     F      F      -       -          -    -      -        -
    removeMember, the owner       | F    F     F      F      N       N          N    N      N        U
    removeMember, an admin        | ✓    F     F      F      N       N          N    N      N        U
    removeMember, a member        | ✓    ✓     F      F      N       N          N    N      N        U
    removeMember, a viewer        | ✓    ✓     F      F      N       N          N    N      N        U
    removeMember, oneself         | F    F     F      F      -       -          -    -      -        -`,

  'a conversation, where a mate is in its owner’s team': `
                               | owner participant offered mate stranger nobody
    conversation               | ✓     ✓           N       N    N        U
    messages, live             | ✓     ✓           N       N    N        U
    conversations              | ✓     ✓           ·       ·    ·        U
    conversations.totalCount   | ✓     ✓           ·       ·    ·        U
    conversations of its owner | ✓     ✓           ·       ·    ·        U
    node Conversation          | ✓     ✓           ·       ·    ·        U
    nodes Conversation         | ✓     ✓           ·       ·    ·        U
    node Message               | ✓     ✓           ·       ·    ·        U
    search a message           | ✓     ✓           ·       ·    ·        U
    activity                   | ✓     ✓           ·       ·    ·        U
    Conversation.messages      | ✓     ✓           N       N    N        U
    Conversation.participants  | ✓     ✓           N       N    N        U
    Conversation.unreadCount   | ✓     ✓           N       N    N        U
    User.conversationOffers    | ·     ·           ✓       ·    ·        U
    markConversationRead       | ✓     ✓           N       N    N        U
    addParticipants            | ✓     F           N       N    N        U
    renameConversation         | ✓     F           N       N    N        U
    deleteConversation         | ✓     F           N       N    N        U
    leaveConversation          | ✓     ✓           N       N    N        U
    acceptConversation         | ✓     ✓           ✓       N    N        U
    refuseConversation         | N     N           ✓       N    N        U
    assistantReply, live       | ✓     ✓           N       N    N        U
    stopReply                  | ✓     F           N       N    N        U
    retryReply                 | ✓     F           N       N    N        U
    sendMessage                | ✓     ✓           N       N    N        U`,

  'a person, by what one is to them': `
                               | oneself mate receiver giver participant former stranger nobody
    node User                  | ✓       ✓    ✓        ✓     ✓           ·      ·        U
    nodes User                 | ✓       ✓    ✓        ✓     ✓           ·      ·        U
    node ApiToken              | ✓       ·    ·        ·     ·           ·      ·        U
    node ConnectedApplication  | ✓       ·    ·        ·     ·           ·      ·        U
    approval                   | ✓       N    N        N     N           N      N        U
    approve                    | F       F    F        F     F           F      F        U
    refuse                     | F       F    F        F     F           F      F        U
    setDeletionGrant           | F       F    F        F     F           F      F        U
    node AgentRun              | ✓       ·    ·        ·     ·           ·      ·        U
    AgentRun.events            | ✓       ·    ·        ·     ·           ·      ·        U
    agentRuns                  | ✓       ·    ·        ·     ·           ·      ·        U
    undoPreview                | ✓       N    N        N     N           N      N        U
    undoRun                    | ✓       N    N        N     N           N      N        U
    node Session               | ✓       ·    ·        ·     ·           ·      ·        U
    customDashboard            | ✓       N    N        N     N           N      N        U
    node CustomDashboard       | ✓       ·    ·        ·     ·           ·      ·        U
    updateCustomDashboard      | ✓       N    N        N     N           N      N        U
    duplicateCustomDashboard   | ✓       N    N        N     N           N      N        U
    deleteCustomDashboard      | ✓       N    N        N     N           N      N        U
    node View                  | ✓       ·    ·        ·     ·           ·      ·        U
    updateView                 | ✓       N    N        N     N           N      N        U
    deleteView                 | ✓       N    N        N     N           N      N        U
    node Webhook               | ✓       ·    ·        ·     ·           ·      ·        U
    node WebhookDelivery       | ✓       ·    ·        ·     ·           ·      ·        U
    Webhook.deliveries         | ✓       ·    ·        ·     ·           ·      ·        U
    updateWebhook              | ✓       N    N        N     N           N      N        U
    rotateWebhookSecret        | ✓       N    N        N     N           N      N        U
    deleteWebhook              | ✓       N    N        N     N           N      N        U
    testWebhook                | C       N    N        N     N           N      N        U
    redeliverWebhook           | C       N    N        N     N           N      N        U
    replayWebhook              | V       N    N        N     N           N      N        U
    User.apiTokens             | ✓       ·    ·        ·     ·           ·      ·        U
    User.connectedApplications | ✓       ·    ·        ·     ·           ·      ·        U
    User.approvals             | ✓       ·    ·        ·     ·           ·      ·        U
    User.invitations           | ✓       ·    ·        ·     ·           ·      ·        U
    User.shareOffers           | ✓       ·    ·        ·     ·           ·      ·        U
    node Block                 | ✓       ·    ·        ·     ·           ·      ·        U
    User.blockedPeople         | ✓       ·    ·        ·     ·           ·      ·        U
    blockPerson                | V       ✓    ✓        ✓     ✓           N      N        U
    blockPerson by an offer    | ✓       N    N        N     N           N      N        U
    blockPerson by a link      | V       ✓    ✓        ✓     ✓           ✓      ✓        U
    unblockPerson              | ✓       N    N        N     N           N      N        U
    User.email                 | ✓       ✓    ·        ·     ·           ·      ·        U
    createConversation         | ✓       ✓    ✓        ✓     ✓           N      N        U
    addParticipants            | ✓       ✓    ✓        ✓     ✓           N      N        U
    shareTask                  | V       ✓    ✓        ✓     ✓           N      N        U
    shareTask by the address   | V       ✓    ✓        ✓     ✓           ✓      ✓        U
    createTask for them        | ✓       V    V        V     V           V      V        U
    createTasks for them       | ✓       V    V        V     V           V      V        U
    updateTask for them        | ✓       V    V        V     V           V      V        U
    updateTasks for them       | ✓       V    V        V     V           V      V        U
    revokeApiToken             | ✓       N    N        N     N           N      N        U
    disconnectApplication      | ✓       N    N        N     N           N      N        U
    endSession                 | ✓       N    N        N     N           N      N        U`,

  'what is one’s own, by what one shows for it': `
                               | session WRITE READ nobody
    viewer                     | ✓       ✓     ✓    U
    dashboard                  | ✓       ✓     ✓    U
    dashboard, live            | ✓       ✓     ✓    U
    cursor                     | ✓       ✓     ✓    U
    parseTaskFilter            | ✓       ✓     ✓    U
    performance                | F       F     F    U
    rateLimit                  | ✓       ✓     ✓    U
    events, live               | ✓       ✓     ✓    U
    updateViewer               | ✓       ✓     F    U
    createTask                 | ✓       ✓     F    U
    createTasks                | ✓       ✓     F    U
    createTeam                 | ✓       ✓     F    U
    createConversation         | ✓       ✓     F    U
    createApiToken             | ✓       F     F    U
    revokeApiToken             | ✓       F     F    U
    views                      | ✓       ✓     ✓    U
    createView                 | ✓       ✓     F    U
    customDashboards           | ✓       ✓     ✓    U
    widgetData                 | ✓       ✓     ✓    U
    createCustomDashboard      | ✓       ✓     F    U
    webhooks                   | ✓       ✓     ✓    U
    createWebhook              | ✓       F     F    U
    authorizationRequest       | V       V     V    U
    connectApplication         | V       F     F    U
    disconnectApplication      | ✓       F     F    U
    node Approval              | ✓       ✓     ✓    U
    approve                    | F       F     F    U
    refuse                     | F       F     F    U
    setDeletionGrant           | F       F     F    U
    undoRun                    | ✓       F     F    U
    assistant                  | ✓       ✓     ✓    U
    openAssistantConversation  | ✓       ✓     F    U
    sessions                   | ✓       ✓     ✓    U
    endOtherSessions           | ✓       F     F    U
    changePassword             | ✓       F     F    U
    signOut                    | ✓       F     F    U
    resetPassword              | V       V     V    V
    signUpRules                | ✓       ✓     ✓    ✓
    signIn                     | ✓       ✓     ✓    ✓
    signUp                     | ✓       ✓     ✓    ✓`,
};
