type Items = readonly (readonly [question: string, answer: string])[];

export const questions = (): Items => [
  [
    'Who can see my tasks?',
    'You, and the people you share a task with. A team’s task is visible to the members of the team. Nothing is visible to anyone else, even on the same server.',
  ],
  [
    'I completed a task by mistake. How do I get it back?',
    'Press Undo in the message at the bottom. Later, choose “Completed” above the list and click the task’s circle to reopen it.',
  ],
  [
    'What is the difference between deleting and cancelling?',
    'A deleted task is in the trash for 30 days, and does not count. A cancelled task is no longer needed, but stays in your total and under “Cancelled”. To cancel a task, edit it and set its status to “Cancelled”.',
  ],
  [
    'Can I get a deleted task back?',
    'Yes, for 30 days. Press Undo in the message at the bottom, or open the trash and press Restore. The task comes back with its comments and shares. In a team, people who may delete the task can also restore it.',
  ],
  [
    'How do I set a due date or a priority?',
    'Press Details while you add a task. For an existing task, press its pencil, or open it.',
  ],
  [
    'How do I share a task?',
    'Press the person icon next to the task and enter an email address. Choose “Can view” or “Can edit”, and an end date if you want one. Members of your teams see the task at once. For anyone else you get a link: send it to them, and they can accept or decline. The same window lists the shares and pending offers; you can end them there.',
  ],
  [
    'Who can share tasks with me?',
    'Members of your teams. Anyone else can offer you a task: you see its title and the sender’s name, and you can accept, decline, or block the sender. Taskwire does not tell people that you blocked them. Settings lists the people you have blocked.',
  ],
  [
    'Can an AI agent work with my tasks?',
    'Yes. Add this server’s address with /mcp at the end to your agent, for example https://tasks.example.com/mcp. A page asks you what the agent may do, and for which of your teams. Settings lists the applications that you connected; you can disconnect them there.',
  ],
  [
    'What can the assistant do?',
    'Open Assistant in the menu and type a command, such as /add buy milk tomorrow !high, /list due this week or /done 3. With a language model you can also ask in your own words. It can do what you can do, and asks you before it deletes, shares or invites.',
  ],
  [
    'Can I see and take back what an agent did?',
    'Yes. Open Activity and press “What agents did”. It lists each run of an agent with its changes. “Undo this run” first shows what happens to each change. Deleted tasks and sent messages stay as they are, and nothing is undone if someone has changed the same things since.',
  ],
  [
    'How do I assign a task to someone else?',
    'Put it into one of your teams, under Details or in the edit window, and choose an assignee. A task without a team can be assigned to the people you share it with.',
  ],
  [
    'Can other programs react to what happens in my tasks?',
    'Yes. Under Webhooks in Settings, or on the page of a team that you manage, enter a URL that receives the events. Your administrator can tell you how to write a receiver.',
  ],
  [
    'When does my day begin?',
    'At midnight in your time zone. Taskwire takes the time zone from your device when you sign up. You can change it in Settings, in the menu under your initial.',
  ],
  [
    'How do I filter by several labels, or leave some out?',
    'Choose “Filters” and type into the lowest field, for example: label:home -label:waiting due:<+7d. The field suggests keys and values, and marks what is wrong. Conditions next to each other must all match; “or”, a minus sign and parentheses combine them.',
  ],
  [
    'Can I keep a list that I use often?',
    'Yes. Choose “Filters”, then “Save as view”. A view is yours alone, or belongs to a team. Your first eight views are in the menu with their numbers; those of a team are on its page. Change their order on the page Views: drag a view by its handle, press Alt with an arrow key, or use its actions. The owner and admins of a team choose there which view its tasks open with.',
  ],
  [
    'Is there a board?',
    'Yes. Choose “Filters”, then a layout. Drag a card to another column, or press Space on it, an arrow key, and Space again. On a phone, rest your finger on the card first. On the board of a saved view, the button at the top of a column sets a limit: the number of its tasks turns red above it.',
  ],
  [
    'Can I export my tasks?',
    'Yes. “Export as CSV” under “Filters” saves all tasks of the list for a spreadsheet. The actions of a view also have JSON Lines, for programs.',
  ],
  [
    'Is there a calendar?',
    'Yes. Choose “Filters”, then the layout “Calendar”. Drag a task to a day to set its due date, or press Space on it, the arrow keys, and Enter. Press a day to see all its tasks, and to add one. Tasks without a due date are beside the days.',
  ],
  [
    'Is there a table?',
    'Yes. Choose “Filters”, then the layout “Table”. Press a header to sort by it, and a cell to change it. By keys, the arrows move between the cells, Enter edits, and Escape leaves a cell as it was. “Columns” chooses, orders and sizes them.',
  ],
  [
    'When does the week begin?',
    '“This week” always means Monday to Sunday. A calendar begins its weeks as your language and region do.',
  ],
  [
    'I edited a task that I completed last year. Why does it not count as completed today?',
    'A task counts on the day on which you completed it. If you reopen it and complete it again, it counts on the new day.',
  ],
  [
    'What does “In progress” change?',
    'It shows that you have started the task: the list shows a blue dot. The task is still open.',
  ],
  [
    'What happens if someone else changes a task while I edit it?',
    'Nothing is lost. The edit window shows what changed, and you choose which version to keep.',
  ],
  [
    'How long do I stay signed in?',
    'For 30 days after you last used Taskwire on this device, or until you sign out.',
  ],
  ['How long can a task be?', 'A title can have 200 characters, a description 10,000.'],
  [
    'Is there a dark theme?',
    'Yes. Open the menu under your initial: three icons switch between your system’s theme, light and dark. The choice is saved on this device.',
  ],
  [
    'Can I choose my own numbers and charts?',
    'Yes, under “Dashboards”: start with a template or without widgets, then press “Add widget”. “Arrange” lets you drag widgets, or move them with the arrow keys. Click a number to see its tasks; the actions of a widget say what it counts, and save it as CSV or as a picture. A dashboard of a team is visible to all its members.',
  ],
  [
    'How do I save or share a view of the list?',
    'Bookmark or copy the page’s address: it contains the search, the filters and the order. Anyone who opens the link sees their own tasks.',
  ],
];

export const troubles = (): Items => [
  [
    '“Can’t reach Taskwire.”',
    'Your device has lost its connection to the server. Your text is safe. Taskwire reconnects automatically, at first after a second, later every 30 seconds; press “Try now” to skip the wait. If the problem continues, check whether other websites open, then ask your administrator.',
  ],
  [
    'My email address or password is not accepted',
    'Check for typos and Caps Lock. The button in the password field shows what you typed. If you forgot your password, ask your administrator for a link to set a new one.',
  ],
  [
    '“Too many attempts.”',
    'There were too many failed sign-ins for your account. Wait 15 minutes. If they were not yours, use a browser that you have signed in with before: it is not blocked.',
  ],
  ['My email address already has an account', 'You have probably signed up before. Sign in instead.'],
  [
    '“Your session has expired.”',
    'You signed out in another tab, or did not use Taskwire for 30 days. Sign in to return to the page and to your unsaved text.',
  ],
  [
    'A task is missing from the list',
    '“My work” shows open tasks that you own or that are assigned to you. Choose “All”, clear the search and the filters, or choose “Everyone’s” under “Filters”. “Show more” at the end loads further tasks.',
  ],
  [
    'The numbers look wrong',
    'Check above what each number counts, and check your time zone in Settings. Also check that the indicator next to the name Taskwire shows “Live”.',
  ],
  [
    '“Something went wrong on the server.”',
    'Try again. If it keeps happening, send the reference in the message to your administrator, who can look it up.',
  ],
  [
    'The page stays empty',
    'Your browser may be too old, or JavaScript may be off. Supported browsers are listed below.',
  ],
];
