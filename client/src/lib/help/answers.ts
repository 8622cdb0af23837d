type Items = readonly (readonly [question: string, answer: string])[];

export const questions: Items = [
  [
    'Who sees my tasks?',
    'You do, and whoever a task is shared with; of a team’s task, the people of that team. Nobody else, not even other people on the same server.',
  ],
  [
    'I completed a task by mistake. How do I get it back?',
    'Press Undo in the message that appears at the bottom. Later, choose “Completed” above the list and tick the task again: it is open as before.',
  ],
  [
    'What is the difference between deleting and cancelling?',
    'A deleted task is gone for good. A cancelled one need not be done any more, but stays in your total and under “Cancelled”. Choose “Cancelled” as its status in the edit window.',
  ],
  [
    'Can I get a deleted task back?',
    'No. That is why Taskwire asks before it deletes, and Enter chooses “Keep it”. Whoever runs the server may have a backup.',
  ],
  [
    'How do I give a task a day or a priority?',
    'While you write it, press Details. For a task that is there, press the pencil beside it.',
  ],
  [
    'How do I share a task?',
    'Press the little person next to the task, and enter an email address. Choose whether they may only read the task or change it as well, and until when. A member of one of your teams sees it at once. For anyone else you get a link: send it to them, and they accept or refuse. The same window lists shares and open offers, and ends them.',
  ],
  [
    'Who can share tasks with me?',
    'Members of your teams. Anyone else can offer you a task: you see its title and the name of the sender, and accept, refuse, or block the sender. A blocked person does not learn of it. Settings lists the people you block.',
  ],
  [
    'How do I give a task to somebody else?',
    'Put it into a team of yours, under Details while you write it or in the edit window later, and choose under “For” who is to do it. A task without a team can be for whomever you share it with.',
  ],
  [
    'When does my day begin?',
    'At midnight where you are: your timezone is in Settings, in the menu under your initial. Taskwire takes it from your device when you sign up. When you travel, change it there.',
  ],
  ['When does the week begin?', 'On Monday. “This week” always means Monday to Sunday.'],
  [
    'Why does “Completed” not count what I finished last year as finished today, when I edit it?',
    'What counts is the moment at which you completed it. If you reopen a task and complete it again, it counts on the new day.',
  ],
  [
    'What does “In progress” change?',
    'It marks what you have begun, with an orange dot. The task is still pending.',
  ],
  [
    'What happens when I change a task that somebody changed meanwhile?',
    'Nothing is lost. The edit window shows you what has changed, and you decide whether to keep your changes.',
  ],
  [
    'How long am I signed in?',
    'Thirty days after you last used Taskwire on this device, or until you sign out.',
  ],
  ['How long can a task be?', 'A title has up to 200 characters, a description up to 10,000.'],
  [
    'Can I use Taskwire in dark colours?',
    'Yes: the three signs at the top right choose the same theme as your system, light, or dark. This device remembers it.',
  ],
  [
    'How do I keep a view for later, or send it to somebody?',
    'What the list shows, what you look for in it, and in which order, is part of the page’s address. Bookmark it. Who opens an address sees their own tasks.',
  ],
];

export const troubles: Items = [
  [
    '“Taskwire cannot be reached.”',
    'Your device has lost the server. Nothing that you have typed is lost. Taskwire tries again by itself, first after a second, later every half a minute; “Try now” does not wait. If it lasts, see whether other pages open, and then ask whoever runs the server.',
  ],
  [
    '“The email address or the password is wrong.”',
    'Look at the address for a slip of the finger, and whether Caps Lock is on. The button in the password field shows what you have typed.',
  ],
  [
    '“Too many attempts to sign in; wait a little and try again.”',
    'A wrong password was entered too often. Wait for a quarter of an hour. If it was not you, a browser in which you have signed in before still lets you in.',
  ],
  [
    '“… has an account already.”',
    'Somebody has signed up with this address, probably you. Choose “Sign in” instead.',
  ],
  [
    '“Your session has ended. Sign in to go on.”',
    'You signed out in another tab, or were away for thirty days. After signing in you come back to where you were, and to what you had typed.',
  ],
  [
    'A task is missing from the list',
    'The list shows what is open, unless you choose otherwise: look under “All”, see whether “Filters” has a number beside it or a word stands in “Find in titles and descriptions”, and press “Show more” at its end.',
  ],
  [
    'The numbers look wrong',
    'See what each of them counts, above, and whether your timezone in Settings is right. See also whether the word at the top says “Live”.',
  ],
  [
    '“Something went wrong on the server.”',
    'Try again. If it happens again, send the reference in the message to whoever runs the server: with it they find out what happened.',
  ],
  [
    'The page stays empty',
    'Your browser may be too old, or JavaScript is switched off. See which browsers work, below.',
  ],
];
