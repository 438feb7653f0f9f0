/** What is said. */

/** What the bot says in a step, and what people answer; a step without answers asks nothing. */
export const steps: Readonly<Record<string, { says: string; answers?: readonly string[] }>> = {
  ask_need: {
    says: 'What are you going to use it for?',
    answers: ['Weekends in the forest', 'For my daughter', 'Commuting'],
  },
  suggest_products: {
    says: 'Which of these do you like best?',
    answers: ['The second one', 'The green one', 'None of them'],
  },
  show_product: { says: 'Here it is, with all its sizes.' },
  ask_order_number: {
    says: 'What is the number of your order?',
    answers: ['48213', 'It is 50177', 'Where do I find it?'],
  },
  look_up_order: {
    says: 'I have found it. Is it the one to your home address?',
    answers: ['Yes', 'Yes, that one', 'I think so'],
  },
  show_status: { says: 'The carrier does not tell me where it is.' },
  show_hours: { says: 'Which shop do you mean?', answers: ['The one in the centre', 'By the harbour'] },
  ask_country: { says: 'Where shall it be sent?', answers: ['Finland', 'Norway', 'Germany'] },
  show_cost: { says: 'I cannot find a price for that place.' },
  ask_code: { says: 'What does the code say?', answers: ['AUTUMN10', 'STUDENT', 'It says WELCOME'] },
  check_code: { says: 'This code is not valid for what is in your basket.' },
  choose_item: { says: 'Which item do you want to return?', answers: ['The jacket', 'The shoes', 'All of it'] },
  ask_reason: { says: 'Why do you return it?', answers: ['Too small', 'I do not like the colour', 'Arrived too late'] },
  send_label: { says: 'I cannot make a label for this order.' },
  ask_photo: { says: 'Can you send me a picture of it?', answers: ['Here it is', 'Sent', 'I have no camera'] },
  offer_replacement: { says: 'A new one is not in stock.' },
  send_invoice: { says: 'I cannot send this invoice.' },
};

/** What agents say, and what people answer. */
export const agentSays = [
  'Good day, let me look at this for you.',
  'Thank you for waiting, I have found your order.',
  'I have corrected it. You get a message in a minute.',
  'That is our mistake, and I am sorry about it.',
  'Would you like a new one or your money back?',
  'I have added a note to your order.',
] as const;

export const peopleSay = [
  'Thank you!',
  'Yes, please',
  'That would be great',
  'I have waited for a week now',
  'No, the other one',
] as const;

export const notes = [
  'Called the carrier: the parcel is at the depot.',
  'Second complaint about this product this week.',
  'Refund approved.',
  'Prefers to be called after 16.',
] as const;

export const feedback = {
  good: ['Quick and friendly', 'Exactly what I needed', 'Thank you!'],
  bad: ['The bot did not understand me', 'I waited too long', 'Still no parcel'],
} as const;

export const firstNames = [
  ...['Anna', 'Ben', 'Clara', 'Daniel', 'Eeva', 'Felix', 'Greta', 'Hugo', 'Ida', 'Jakob', 'Kaisa', 'Lars', 'Maria'],
  ...['Nils', 'Olga', 'Paul', 'Rosa', 'Simon', 'Tea', 'Ulla', 'Viktor', 'Wilma'],
] as const;
