import type { Chance } from './chance.ts';

export type Area = keyof typeof titles;

const titles = {
  product: [
    'Write the brief for {feature}',
    'Decide what leaves {feature} for later',
    'Watch three recordings of people using {feature}',
    'Walk {colleague} through the plan for {month}',
    'Ask {customer} how they use {feature} today',
    'Cut the {month} roadmap to what fits on one page',
    'Sort the feedback on {feature} into now, later and never',
    'Agree on the one number that shows {feature} works',
    'Prepare the demo of {feature} for {customer}',
    'Rank the requests of {customer}',
    'Draft the release notes for version {version}',
    'Settle the open questions on {feature} with {colleague}',
  ],
  engineering: [
    'Find out why {feature} is slow on large workspaces',
    'Add the missing index behind {feature}',
    'Reproduce the crash that {customer} reported in {feature}',
    'Split the migration for {feature} into two safe steps',
    'Review the pull request #{number} with {colleague}',
    'Upgrade {component} and read its change log first',
    'Make {feature} work with the keyboard alone',
    'Take the flaky test of {feature} apart',
    'Measure {component} under the load of {customer}',
    'Rehearse the restore of a backup on {component}',
    'Delete the old code path of {feature}',
    'Alert when {component} falls behind by a minute',
    'Rotate the keys of {component}',
    'Write down how {component} fails over',
  ],
  design: [
    'Sketch three ways to show {feature} on a phone',
    'Check the contrast of {page} in the dark theme',
    'Draw the empty state of {page}',
    'Test the prototype of {feature} with five people',
    'Tidy the spacing of {page}',
    'Redraw the icons that {colleague} could not tell apart',
    'Write the words for the errors of {feature}',
    'Compare {page} with the printed mock-up',
    'Pick the pictures for {page}',
    'Record what {feature} does on a slow connection',
  ],
  support: [
    'Answer {customer} about {feature}',
    'Call {customer} back, best before noon',
    'Turn the thread with {customer} into a help page',
    'Collect the questions about {feature} that came twice',
    'Refund order {number} of {customer}',
    'Tell {customer} that {feature} is mended',
    'Update the help page for {page}',
    'Hand the case {number} to {colleague} with all screenshots',
    'Invite {customer} to the preview of {feature}',
    'Look into the import that {customer} gave up on',
  ],
  outreach: [
    'Plan the newsletter for {month}',
    'Interview {customer} for a story',
    'Record a two-minute film of {feature}',
    'Book the stand for the fair in {city}',
    'Rewrite the top of {page}',
    'Translate {page} with {colleague}',
    'Thank the people who spoke at the meet-up in {city}',
    'Choose a date for the open evening in {city}',
    'Check every link of {page}',
    'Count who came from the post about {feature}',
  ],
  team: [
    'Prepare the conversation with {colleague}',
    'Read the applications from {city}',
    'Write the questions for the interview on {weekday}',
    'Plan the first week of the new colleague in {city}',
    'Collect topics for the look back on {month}',
    'Book a room for the team days in {city}',
    'Say thank you to {colleague} for {feature}',
    'Move the weekly call so that {city} can sleep',
    'Update the holiday calendar for {month}',
    'Describe what the role in {city} is really about',
  ],
  office: [
    'Pay invoice {number} of {supplier}',
    'Chase the overdue invoice {number} of {customer}',
    'Close the books for {month}',
    'Ask {supplier} for a better price',
    'Send the contract to {customer} for signing',
    'Renew the insurance before the end of {month}',
    'Order paper, tea and batteries from {supplier}',
    'Compare the travel costs to {city} with the plan',
    'File the receipts of the trip to {city}',
    'Cancel the licence that no one has used since {month}',
    'Prepare the figures for {colleague}',
  ],
  home: [
    'Descale the kettle',
    'Mend the dripping tap in the {room}',
    'Paint the wall behind the shelf in the {room}',
    'Return the drill to the neighbours on {weekday}',
    'Sort the box from {month} in the {room}',
    'Ask for a quote for the windows of the {room}',
    'Water the plants in the {room}',
    'Change the smoke detector’s battery in the {room}',
    'Bring the old lamp of the {room} to the recycling yard',
    'Read the meters and send the figures for {month}',
    'Find a home for the bicycle in the {room}',
  ],
  family: [
    'Buy a present for the birthday in {month}',
    'Ring grandmother on {weekday}',
    'Print the photos from {city}',
    'Book the dentist for the children in {month}',
    'Bake something for the school fair on {weekday}',
    'Sign the form for the class trip to {city}',
    'Find a babysitter for {weekday}',
    'Plan the reunion in {city}',
    'Swap the winter clothes before {month}',
    'Fetch the parcel for the neighbours on {weekday}',
  ],
  health: [
    'Run {few}0 minutes by the river',
    'Make an appointment for the eye test in {month}',
    'Try the {weekday} swimming class',
    'Cook the lentil soup for {weekday}',
    'Sleep before eleven until {weekday}',
    'Stretch after the long call on {weekday}',
    'Ask about the vaccination for {city}',
    'Refill the first-aid box in the {room}',
    'Sign up for the half marathon in {city}',
  ],
  learning: [
    'Read chapter {few} and write down one doubt',
    'Finish the exercise on {topic}',
    'Explain {topic} to {colleague} in ten minutes',
    'Watch the talk on {topic} from {city}',
    'Repeat the vocabulary of unit {few}',
    'Build a toy that shows {topic}',
    'Return the library book on {topic}',
    'Find a course on {topic} for {month}',
    'Write half a page about {topic}',
  ],
  travel: [
    'Book the night train to {city}',
    'Renew the passport before {month}',
    'Find a quiet room near the station in {city}',
    'Make a list of three things to see in {city}',
    'Change money for {city}',
    'Ask {colleague} where to eat in {city}',
    'Check the opening hours of the museum in {city}',
    'Pack the adapter for {city}',
    'Write postcards from {city}',
  ],
  community: [
    'Water the beds in the community garden on {weekday}',
    'Print {few}0 leaflets for the street party',
    'Ask the council about the bench on the square',
    'Repair the shed’s roof before {month}',
    'Fill the rota of the food bank for {month}',
    'Teach the {weekday} group how to mend a puncture',
    'Count the birds by the pond on {weekday}',
    'Write the minutes of the {weekday} meeting',
    'Find a drummer for the concert in {month}',
  ],
} as const satisfies Record<string, readonly string[]>;

const labels: Record<Area, readonly string[]> = {
  product: ['research', 'roadmap', 'release'],
  engineering: ['bug', 'performance', 'clean-up', 'security'],
  design: ['mobile', 'accessibility', 'wording'],
  support: ['customer', 'help page'],
  outreach: ['newsletter', 'event', 'website'],
  team: ['hiring', 'people'],
  office: ['money', 'contract', 'paperwork'],
  home: ['weekend', 'repair'],
  family: ['weekend', 'present'],
  health: ['habit', 'appointment'],
  learning: ['reading', 'practice'],
  travel: ['booking', 'packing'],
  community: ['volunteering', 'outdoors'],
};

const slots: Record<string, readonly string[]> = {
  feature: [
    ...['shared lists', 'the weekly summary', 'reminders', 'the calendar view', 'search', 'bulk editing'],
    ...['the import from spreadsheets', 'offline mode', 'recurring tasks', 'the activity feed', 'labels'],
    ...['file attachments', 'the mobile sign-in', 'due dates', 'guest access', 'keyboard shortcuts'],
  ],
  component: [
    ...['the job queue', 'the mail gateway', 'the database replica', 'the image resizer', 'the search index'],
    ...['the payment webhook', 'the cache', 'the staging server', 'the build pipeline', 'the export worker'],
  ],
  page: [
    ...['the dashboard', 'the sign-up page', 'the pricing page', 'the settings', 'the task page'],
    ...['the welcome mail', 'the invitation', 'the help centre', 'the status page', 'the team overview'],
  ],
  customer: [
    ...['Harbour Bakery', 'Lindqvist Joinery', 'the Mbeki clinic', 'Orchard Primary', 'Casa Verde'],
    ...['Tanaka Ceramics', 'North Pier Ferries', 'the city library', 'Atlas Bicycles', 'Okafor & Daughters'],
    ...['Studio Perpignan', 'Blue Kiln', 'the rowing club', 'Han River Tea', 'Montserrat Films'],
  ],
  supplier: [
    ...['Quill Stationers', 'the hosting company', 'Mistral Couriers', 'the caterer', 'Evergreen Cleaning'],
    ...['the printer around the corner', 'Saffron Telecom', 'the landlord'],
  ],
  colleague: ['Mateus', 'Yuki', 'Fatma', 'Lukas', 'Priya', 'Siobhán', 'Tāne', 'Leila', 'Châu', 'Itzel'],
  city: [
    ...['Lisbon', 'Kyoto', 'Accra', 'Tampere', 'Izmir', 'Valparaíso', 'Hội An', 'Galway', 'Graz'],
    ...['Durban', 'Wellington', 'Chennai', 'Oaxaca', 'Montréal', 'Isfahan', 'Salvador'],
  ],
  month: [
    ...['January', 'February', 'March', 'April', 'May', 'June'],
    ...['July', 'August', 'September', 'October', 'November', 'December'],
  ],
  weekday: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
  room: ['kitchen', 'hallway', 'cellar', 'study', 'bathroom', 'attic', 'bedroom', 'garage'],
  topic: [
    ...['query plans', 'letterpress', 'Portuguese verbs', 'sourdough', 'type inference', 'jazz harmony'],
    ...['bee keeping', 'statistics', 'watercolour', 'public speaking', 'book-keeping', 'sign language'],
  ],
};

const notes = [
  'It came up in the call on {weekday}; {colleague} knows the background.',
  'Small, but it has been in the way for weeks.',
  'Start from what we noted in {month} rather than from nothing.',
  'If it takes longer than an afternoon, stop and talk to {colleague}.',
  'Waiting for an answer from {city} before the last part.',
  'See the thread with {customer} for the details.',
  'The short version is enough for now.',
  '**Careful:** the last attempt broke {page}.',
  'No one is blocked by it, so it can wait for a quiet hour.',
  'Worth doing well: it is the first thing that people notice.',
];

const steps = [
  'Ask {colleague} what was tried before',
  'Write down what is not part of it',
  'Do the smallest version first',
  'Have {colleague} look at it',
  'Tell {customer}',
  'Check it on a phone',
  'Note what it cost in time',
  'Put the result where the others find it',
  'Clear up afterwards',
];

interface Words {
  title: string;
  description: string;
  labels: string[];
}

const remarks = [
  'I can take the first half, if no one minds.',
  'Done on my side; over to {colleague}.',
  'Does this still have to happen before {month}?',
  'I asked {customer}, and they would rather have it simple.',
  'Let us talk about it on {weekday}.',
  'The first attempt is up. Please be unkind to it.',
  'That took longer than I thought, and is better for it.',
  'Good idea. **Not** this week, though.',
  'Who knows where the notes from {city} are?',
  'Thank you, that was quick!',
];

/** A comment on a task by the person with this name. */
export function remark(chance: Chance, name: string): string {
  return filler(chance, name)(chance.pick(remarks));
}

/** The texts of a task of the person with this name, who is never mentioned in them. */
export function words(chance: Chance, area: Area, name: string): Words {
  const fill = filler(chance, name);
  return {
    title: fill(chance.pick(titles[area])),
    description: describe(chance, fill),
    labels: labels[area].filter(() => chance.happens(0.25)),
  };
}

function filler(chance: Chance, name: string) {
  return (template: string) =>
    template.replaceAll(/\{(\w+)\}/g, (_, slot: string) => valueOf(chance, slot, name));
}

function describe(chance: Chance, fill: (template: string) => string): string {
  const paragraphs: string[] = [];
  if (chance.happens(0.45)) paragraphs.push(fill(chance.pick(notes)));
  if (chance.happens(0.2)) {
    const from = chance.between(0, steps.length - 3);
    const items = steps.slice(from, from + chance.between(2, 3));
    const done = chance.between(0, items.length - 1);
    paragraphs.push(items.map((step, index) => `- [${index < done ? 'x' : ' '}] ${fill(step)}`).join('\n'));
  }
  return paragraphs.join('\n\n');
}

function valueOf(chance: Chance, slot: string, name: string): string {
  if (slot === 'number') return String(chance.between(101, 998));
  if (slot === 'few') return String(chance.between(2, 9));
  if (slot === 'version') return `${chance.between(1, 4)}.${chance.between(0, 12)}`;
  const values = slots[slot];
  if (!values) throw new Error(`no words for {${slot}}`);
  return chance.pick(values.filter((value) => !name.includes(value)));
}
